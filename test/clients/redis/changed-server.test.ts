import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import redisLedger from '../../../ledgers/redis.ts'
import bullmq from '../../../queues/bullmq.ts'
import redisStreams from '../../../queues/redis-streams.ts'
import { systemClock } from '../../../src/core/contracts/clock.ts'
import type { QueueDriver } from '../../../src/core/contracts/queue.ts'
import { startProcessor } from '../../../src/core/processing/processor.ts'
import { anEvent } from '../../events.ts'
import { proxyTo } from '../../ledgers/proxy.ts'
import { RedisServer, whyNoRedis } from '../../ledgers/redis-server.ts'
import { needing } from '../../needs.ts'

const missing = whyNoRedis()
const DRIVERS: Readonly<Record<string, QueueDriver>> = { 'redis-streams': redisStreams, bullmq }
const LIMIT = { deadlineMs: 5_000 }

/** What a call came to: undefined, or its error's code. */
const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    ({ code }) => code,
  )

async function asAdmin(server: RedisServer, act: (admin: Redis) => Promise<unknown>): Promise<void> {
  const admin = new Redis(server.url, { protocol: 2 })
  await act(admin)
  admin.disconnect()
}

describe('a name that leads to another Redis after a failover', needing(missing), () => {
  it.each(Object.keys(DRIVERS))('is followed, and what the new one promises is told: %s', async (name) => {
    const [old, next] = [await RedisServer.start(), await RedisServer.start(['--appendonly', 'no'])]
    const proxy = await proxyTo(old.port)
    const at = { url: `redis://127.0.0.1:${proxy.port}`, namespace: 'moved' }
    const [queue, ledger] = [await DRIVERS[name]!.open(at), await redisLedger.open(at)]
    await queue.publish([anEvent('1')], LIMIT)
    expect(queue.traits.survives).toContain('power-loss')
    // Connections stay: the old server lives on, as a replica.
    proxy.leadTo(next.port)
    await asAdmin(old, (admin) => admin.replicaof('127.0.0.1', next.port))
    await expect.poll(() => codeOf(queue.publish([anEvent('2')], LIMIT))).toBeUndefined()
    await expect.poll(() => codeOf(ledger.claim([anEvent('2')], 1_000))).toBeUndefined()
    expect(queue.traits).toMatchObject({
      survives: ['receiver-crash'],
      server: expect.stringContaining('appendonly no'),
    })
    expect(ledger.traits.survives).toEqual(['receiver-crash'])
    await Promise.all([queue.close(), ledger.close()])
    proxy.close()
  })

  it('is not used while it leads to a server that a queue would refuse, and is again when that changes', async () => {
    const server = await RedisServer.start()
    const proxy = await proxyTo(server.port)
    const queue = await redisStreams.open({ url: `redis://127.0.0.1:${proxy.port}`, namespace: 'refused' })
    await asAdmin(server, (admin) => admin.replicaof('127.0.0.1', 1))
    await expect.poll(() => queue.probe().catch(({ message }) => message)).toContain('is a replica of 127.0.0.1:1')
    await asAdmin(server, (admin) => admin.replicaof('NO', 'ONE'))
    await expect.poll(() => codeOf(queue.publish([anEvent('1')], LIMIT))).toBeUndefined()
    await queue.close()
    proxy.close()
  })
})

describe('a Redis whose settings change under a running queue', needing(missing), () => {
  it.each(Object.keys(DRIVERS))('is written to no more once it may delete keys: %s', async (name) => {
    const server = await RedisServer.start()
    const queue = await DRIVERS[name]!.open({ url: server.url, namespace: 'evicts' })
    await asAdmin(server, (admin) => admin.config('SET', 'maxmemory-policy', 'allkeys-lru'))
    const publishing = () => queue.publish([anEvent('1')], LIMIT).catch(({ message }) => message)
    await expect.poll(publishing).toContain('deletes stored keys when its memory is full')
    await expect(queue.probe()).rejects.toMatchObject({ code: 'unavailable' })
    await queue.close()
  })
})

describe('a Redis that is full', needing(missing), () => {
  it.each(Object.keys(DRIVERS))('refuses for certain, and is drained with its ledger in it: %s', async (name) => {
    const server = await RedisServer.start(['--maxmemory', '12mb', '--maxmemory-policy', 'noeviction'])
    const at = { url: server.url, namespace: 'full' }
    const [queue, ledger] = [await DRIVERS[name]!.open(at), await redisLedger.open(at)]
    let accepted = 0
    let refusal: unknown
    while (refusal === undefined && accepted < 30_000) {
      const events = Array.from({ length: 20 }, (_, n) =>
        anEvent(`${accepted + n}`, { body: Buffer.alloc(1_000, 120) }),
      )
      try {
        await queue.publish(events, LIMIT)
        accepted += events.length
      } catch (error) {
        refusal = error
      }
    }
    expect(refusal).toMatchObject({ code: 'overloaded', definite: true })
    expect(accepted).toBeGreaterThan(500)
    const stop = new AbortController()
    const backoff = { baseMs: 10, capMs: 10 }
    const limits = {
      retryForMs: 60_000,
      attemptsMin: 3,
      effectMs: 5_000,
      leaseMs: 20_000,
      batchEventsMax: 64,
      handlersMax: 2,
    }
    const parts = {
      queue,
      ledger,
      effect: () => {},
      clock: systemClock,
      random: Math.random,
      backoff,
      signal: stop.signal,
    }
    const { counts, done } = startProcessor({ ...parts, ...limits })
    await expect.poll(() => counts.applied).toBe(accepted)
    stop.abort()
    await done
    await expect.poll(() => codeOf(queue.publish([anEvent('again')], LIMIT))).toBeUndefined()
    await Promise.all([queue.close(), ledger.close()])
  })
})
