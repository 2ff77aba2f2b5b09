import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startVitest } from 'vitest/node'
import { queues } from '../queues/index.ts'
import { messageOf } from '../src/core/contracts/errors.ts'
import { provide } from '../src/runner/servers/provide.ts'
import type { Server } from '../src/runner/servers/server.ts'
import type { Outcome, Results } from './lib/suite-results.ts'
import { type Told, traitsPage } from './lib/traits-page.ts'

/** Writes docs/traits.md: each queue's traits on a server started here, and the results of the contract suite. */

const FILE = 'docs/traits.md'
const SUITE = ' keeps the queue contract'
/** The suite mostly waits. More files at once would have their brokers starve each other on a small machine. */
const WORKERS_MAX = 2

export async function writeTraits(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'floodmark-traits-'))
  try {
    const told = await askAll(folder)
    const results = await measure()
    mkdirSync('docs', { recursive: true })
    writeFileSync(FILE, traitsPage(told, results, new Date().toISOString().slice(0, 10)))
    execFileSync('node_modules/.bin/biome', ['format', '--write', FILE])
    process.stdout.write(`${FILE} is written\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Opens each queue once. Queues on one kind of server share it. */
async function askAll(folder: string): Promise<Map<string, Told>> {
  const servers = new Map<string, Promise<Server>>()
  const onProgress = (line: string) => void process.stderr.write(`${line}\n`)
  const serverOf = (kind: string) => {
    const server = servers.get(kind) ?? provide(kind, { folder, nativeOnly: true, onProgress })
    servers.set(kind, server)
    return server
  }
  const told = new Map<string, Told>()
  for (const [name, load] of Object.entries(queues)) {
    try {
      const { default: driver } = await load()
      const server = driver.server === undefined ? undefined : await serverOf(driver.server)
      const at = { url: server?.url ?? join(folder, name), namespace: 'traits' }
      const queue = await driver.open(at)
      await queue.close()
      await driver.drop(at)
      told.set(name, { ...queue.traits, on: server?.says ?? 'none' })
    } catch (error) {
      told.set(name, { why: messageOf(error) })
    }
  }
  for (const server of servers.values()) await (await server.catch(() => undefined))?.stop()
  return told
}

/** Runs the contract suite on every queue. A failed suite is in the table, and makes this process exit with 1. */
async function measure(): Promise<Results> {
  const results: Results = new Map()
  const options = { watch: false, testNamePattern: SUITE, fileParallelism: true, maxWorkers: WORKERS_MAX }
  // Else the suites that take long would be passed over, and the table would have holes.
  process.env.FULL = '1'
  const vitest = await startVitest('test', ['test/queues'], options)
  for (const module of vitest.state.getTestModules()) {
    for (const test of module.children.allTests()) {
      if (test.parent.type !== 'suite' || !test.parent.name.endsWith(SUITE)) continue
      const [, title, exception] = /^(.*?)(?: \(exception: (.*)\))?$/.exec(test.name)!
      if (title!.startsWith('excepts nothing')) continue
      const { state, note, errors } = { note: undefined, ...test.result() }
      const why = exception ?? errors?.[0]?.message.split('\n')[0] ?? note
      const each = results.get(title!) ?? new Map<string, Outcome>()
      // The type that test/needs.ts declares for tests is not there where this is packed.
      const { measured, partly } = test.meta() as { readonly measured?: string; readonly partly?: string }
      const found = outcome(state, why, exception !== undefined)
      const seen: Outcome = partly && found.state === 'held' ? { state: 'partly', why: partly } : found
      each.set(test.parent.name.slice(0, -SUITE.length), { ...seen, measured })
      results.set(title!, each)
    }
  }
  await vitest.close()
  return results
}

function outcome(state: string, why: string | undefined, excepted: boolean): Outcome {
  if (state === 'failed') return { state: 'failed', why }
  if (state !== 'passed') return { state: 'not run', why }
  return excepted ? { state: 'excepted', why } : { state: 'held' }
}
