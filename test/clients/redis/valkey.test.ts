// @module-tag full: a contract suite mostly waits; every run tries it on Redis.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import redisLedger from '../../../ledgers/redis.ts'
import bullmq from '../../../queues/bullmq.ts'
import redisStreams from '../../../queues/redis-streams.ts'
import type { Server } from '../../../src/runner/servers/server.ts'
import { type LedgerUnderTest, ledgerContract } from '../../contract/ledger.ts'
import { acking, LIMIT, numbered } from '../../contract/queue/kit.ts'
import { queueContract } from '../../contract/queue.ts'
import { RedisServer } from '../../ledgers/redis-server.ts'
import { fillRedis, serverTarget } from '../../queues/server-target.ts'

/** As `.ci/run` gets it, where the system has it. */
const PROGRAM = ['valkey-server', resolve('.cache/valkey-server')].find(
  (program) => existsSync(program) || spawnSync(program, ['--version']).status === 0,
)

describe('on a real Valkey', () => {
  let server: RedisServer | undefined
  beforeAll(async () => {
    if (PROGRAM) server = await RedisServer.start(undefined, { program: PROGRAM })
  })
  beforeEach(({ skip }) => skip(server === undefined, 'valkey-server is not installed (apt-get install valkey-server)'))

  const asServer = (): Server => ({
    kind: 'redis',
    url: server!.url,
    origin: 'native',
    says: 'Valkey',
    control: {
      kill: () => server!.kill(),
      start: () => server!.up(),
      pause: () => server!.signal('SIGSTOP'),
      resume: () => server!.signal('SIGCONT'),
      pids: () => [],
    },
    stop: async () => {},
  })
  queueContract('redis-streams', () => serverTarget(asServer(), redisStreams, 'redis-streams.ts', undefined, fillRedis))

  let namespaces = 0
  ledgerContract('redis', async () => {
    const namespace = `n${namespaces++}`
    const open: LedgerUnderTest['open'] = (options) => redisLedger.open({ url: server!.url, namespace, ...options })
    return { open, openAfterDeath: open }
  })

  it('bullmq says what it runs on, publishes, consumes, and ends by itself where asked to', async () => {
    const queue = await bullmq.open({ url: server!.url, namespace: 'bullmq', keptMs: 60_000 })
    expect(queue.traits.server).toMatch(/^Valkey \d+\.\d+\.\d+, appendonly yes, appendfsync always$/)
    await queue.publish(numbered(0, 9), LIMIT)
    const seen: number[] = []
    const stop = new AbortController()
    const options = { batchEventsMax: 4, handlersMax: 2, leaseMs: 30_000, signal: stop.signal }
    const done = queue.consume(acking(seen), options)
    await expect.poll(() => seen.length).toBe(9)
    stop.abort()
    await done
    await queue.close()
  })
})
