import { describe, expect, it } from 'vitest'
import { sweep } from '../../../src/runner/cli/brokers/sweep.ts'
import { runNamespace, runStartOf } from '../../../src/runner/plan/run-namespace.ts'
import { moduleOf, namesOf } from '../../../src/runner/scenario/registry.ts'
import { Links } from '../../../src/runner/testbed/links.ts'
import { startStores } from '../../../src/runner/testbed/stores.ts'
import { anEvent } from '../../events.ts'
import { describeWithServer } from '../../servers.ts'

const HOUR_MS = 3_600_000
const old = runNamespace('aaaa1111', Date.now() - 30 * HOUR_MS)
const recent = runNamespace('bbbb2222', Date.now())
const SERVICE = 'shop'

describe('the name of a run', () => {
  it('tells when the run began, and nothing else has such a name', () => {
    expect(runNamespace('a1b2c3', Date.UTC(2026, 10, 27, 6, 5, 59))).toBe('run-2611270605-a1b2c3')
    expect(runStartOf('run-2611270605-a1b2c3')).toBe(Date.UTC(2026, 10, 27, 6, 5))
    for (const name of ['floodmark', 'run-shop', 'run-2699990605-a1b2c3', 'run-2611270605', 'a1b2c3d4e5']) {
      expect(runStartOf(name), name).toBeUndefined()
    }
  })
})

/** Writes under each namespace with every queue and ledger on that kind of server. */
async function fill(kind: string, url: string, namespaces: readonly string[]): Promise<void> {
  for (const part of ['queue', 'ledger'] as const) {
    for (const name of namesOf(part)) {
      const driver = (await import(moduleOf(part, name))).default
      if (driver.server !== kind) continue
      for (const namespace of namespaces) {
        const store = await driver.open({ url, namespace })
        if (part === 'queue') await store.publish([anEvent('1')], { deadlineMs: 10_000 })
        else await store.claim([anEvent('1')], 10_000)
        await store.close()
      }
    }
  }
}

for (const kind of ['redis', 'postgres', 'sqs', 'kafka']) {
  describeWithServer(kind, (server) => {
    it('removes what old runs left, and neither newer runs nor a service', async () => {
      const { url } = server()
      await fill(kind, url, [old, recent, SERVICE])
      const swept = async (options: { readonly remove: boolean; readonly only?: string }) => {
        const lines: string[] = []
        await sweep([kind], { url, olderThanMs: 24 * HOUR_MS, say: (line) => lines.push(line), ...options })
        return lines.map((line) => line.replace(/^.*?\d: /, ''))
      }
      const others = '1 newer runs and 1 of services are not touched'
      const listed = [`${old}, began 30.0 h ago`, `1 left by runs; ${others}. Remove them with --yes`]
      expect(await swept({ remove: false })).toEqual(listed)
      expect(await swept({ remove: true })).toEqual([`${old}, began 30.0 h ago, removed`, `1 left by runs; ${others}`])
      expect((await swept({ remove: true, only: SERVICE })).at(-1)).toContain('0 left by runs')
      expect((await swept({ remove: true, only: recent })).at(-1)).toContain('1 left by runs; 0 newer')
      expect((await swept({ remove: false })).at(-1)).toBe(
        '0 left by runs; 0 newer runs and 1 of services are not touched',
      )
    })
  })
}

describeWithServer('redis', (server, folder) => {
  it('is named, with its namespace, when a run could not remove its data', async () => {
    const lines: string[] = []
    const stores = await startStores({
      settings: { queueUrl: server().url, ledgerUrl: undefined, fsync: 'always' },
      modules: { queue: moduleOf('queue', 'redis-streams'), ledger: moduleOf('ledger', 'memory') },
      namespace: recent,
      durationMs: 1_000,
      dataFolder: folder,
      ownOnly: false,
      links: new Links([], 1),
      signal: new AbortController().signal,
      onProgress: (line) => lines.push(line),
    })
    await server().stop()
    await stores.stop()
    expect(lines.join()).toContain(`the data of this run, ${recent}, stay on redis at ${server().url}: cannot reach`)
    expect(lines.join()).toContain(`npm run brokers -- sweep redis --url <its URL> --only ${recent} --yes`)
  })
})
