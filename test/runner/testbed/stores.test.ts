import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { moduleOf } from '../../../src/runner/scenario/registry.ts'
import { Links } from '../../../src/runner/testbed/links.ts'
import { startStores } from '../../../src/runner/testbed/stores.ts'
import { planted } from '../floodmark.ts'

/** The stores of a queue whose driver removes nothing, and what is told. */
function startWith(queueUrl: string) {
  const dataFolder = mkdtempSync(join(tmpdir(), 'floodmark-stores-'))
  onTestFinished(() => rmSync(dataFolder, { recursive: true, force: true }))
  const told: string[] = []
  const starting = startStores({
    settings: settingsOf('steady', { queueUrl }).settings,
    modules: { queue: pathToFileURL(planted('queue-not-dropped')).href, ledger: moduleOf('ledger', 'memory') },
    ...{ namespace: 'n1', durationMs: 1_000, dataFolder, ownOnly: false },
    links: new Links([], 1),
    signal: new AbortController().signal,
    onProgress: (line) => told.push(line),
  })
  return { starting, told }
}

it('what stays on a server is told, whatever code its driver gives for it', async () => {
  const { starting, told } = startWith('nats://127.0.0.1:4222')
  await (await starting).stop()
  expect(told).toEqual(['the data of this run, n1, stay on nats://127.0.0.1:4222: its tag is gone'])
})

it('nothing is told of data at an address that was refused when it was opened', async () => {
  const { starting, told } = startWith('nats://refused')
  await expect(starting).rejects.toThrow('no such address')
  expect(told).toEqual([])
})
