import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import lmdb from '../../../ledgers/lmdb.ts'
import redis from '../../../ledgers/redis.ts'
import embedded from '../../../queues/embedded.ts'
import redisStreams from '../../../queues/redis-streams.ts'
import type { LedgerDriver } from '../../../src/core/contracts/ledger.ts'
import type { QueueDriver } from '../../../src/core/contracts/queue.ts'
import { LOST_TRIES_MAX } from '../../../src/core/processing/attempts.ts'
import { anEvent } from '../../events.ts'
import { RedisServer, whyNoRedis } from '../../ledgers/redis-server.ts'
import { needing } from '../../needs.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-deaths-'))
const missing = whyNoRedis()
const server = missing === undefined ? await RedisServer.start() : undefined
afterAll(async () => {
  await RedisServer.removeAll()
  rmSync(root, { recursive: true, force: true })
})

interface Stack {
  readonly queue: { readonly name: string; readonly driver: QueueDriver; readonly url: string }
  readonly ledger: { readonly name: string; readonly driver: LedgerDriver; readonly url: string }
}
const EMBEDDED: Stack = {
  queue: { name: 'embedded', driver: embedded, url: join(root, 'queue') },
  ledger: { name: 'lmdb', driver: lmdb, url: join(root, 'ledger') },
}
const ON_REDIS: Stack = {
  queue: { name: 'redis-streams', driver: redisStreams, url: server?.url ?? '' },
  ledger: { name: 'redis', driver: redis, url: server?.url ?? '' },
}
const KEYS = 8
const EVENTS = 64

/** A supervisor: starts the process again whenever it has died, until it ends by itself. */
async function supervised({ queue, ledger }: Stack, namespace: string): Promise<number> {
  const program = new URL('./deaths-child.ts', import.meta.url).pathname
  const args = [program, queue.name, ledger.name, queue.url, ledger.url, namespace]
  for (let deaths = 0; ; deaths++) {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let errors = ''
    child.stderr.on('data', (data) => (errors += data))
    const [code, signal] = await once(child, 'close')
    if (code === 0) return deaths
    expect([7, 'SIGSEGV', 'SIGKILL'], errors).toContain(code ?? signal)
    expect(deaths, 'it dies for ever').toBeLessThan(3 * LOST_TRIES_MAX)
  }
}

async function run(stack: Stack, namespace: string, killers: Readonly<Record<number, string>>) {
  const { queue, ledger } = stack
  const publisher = await queue.driver.open({ url: queue.url, namespace })
  const events = Array.from({ length: EVENTS }, (_, n) =>
    anEvent(String(n), { key: `k${n % KEYS}`, type: killers[n] ?? 'harmless' }),
  )
  await publisher.publish(events, { deadlineMs: 5_000 })
  await publisher.close()
  const deaths = await supervised(stack, namespace)
  const reader = await ledger.driver.open({ url: ledger.url, namespace })
  const done: string[] = []
  for await (const [name, value] of reader.items('')) done.push(`${name} ${Buffer.from(value)}`)
  const buried: string[] = []
  for await (const { event, cause } of reader.buried()) buried.push(`${event.id} ${cause}`)
  await reader.close()
  return { deaths, done, buried: buried.toSorted() }
}

/** Each of the others once, in the order of its key. */
function othersThan(killers: Readonly<Record<number, string>>): string[] {
  const list: string[] = []
  for (let key = 0; key < KEYS; key++) {
    for (let n = key; n < EVENTS; n += KEYS) if (!killers[n]) list.push(`done/k${key} test:${n}`)
  }
  return list
}

describe('a process that an effect ends, and that is started again each time', () => {
  const kinds = { 3: 'exit', 21: 'SIGSEGV' }
  for (const [name, stack, needs] of [
    ['embedded and lmdb', EMBEDDED, undefined],
    ['redis-streams and redis', ON_REDIS, missing],
  ] as const) {
    it(`dies a bounded number of times on ${name}; all others take effect once, in order`, needing(needs), async () => {
      const { deaths, done, buried } = await run(stack, 'deaths', kinds)
      expect(buried).toEqual(['test:21 process-died', 'test:3 process-died'])
      expect(done).toEqual(othersThan(kinds))
      expect(deaths).toBeGreaterThanOrEqual(LOST_TRIES_MAX)
      expect(deaths).toBeLessThanOrEqual(2 * LOST_TRIES_MAX)
    })
  }

  it('dies so often of an event that the system kills it for, as for want of memory', async () => {
    const killers = { 0: 'SIGKILL' }
    const { deaths, done, buried } = await run(EMBEDDED, 'killed', killers)
    expect({ deaths, buried }).toEqual({ deaths: LOST_TRIES_MAX, buried: ['test:0 process-died'] })
    expect(done).toEqual(othersThan(killers))
  })
})
