import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import redisLedger from '../../ledgers/redis.ts'
import { queues } from '../../queues/index.ts'
import type { Ledger } from '../../src/core/contracts/ledger.ts'
import type { Queue } from '../../src/core/contracts/queue.ts'
import { RecordedTx } from '../../src/core/processing/writes.ts'
import { LIMIT, numbered, numbersOf } from '../contract/queue/kit.ts'
import { anEvent } from '../events.ts'
import { describeWithServer } from '../servers.ts'

const KEPT_MS = 3_600_000
const LEASE_MS = 30_000
const EVENTS = 30

describeWithServer('redis', (server) => {
  let admin: Redis
  beforeAll(() => {
    admin = new Redis(server().url)
  })
  afterAll(() => admin.quit())

  /** Names of a namespace's keys that stay. Every other one ends within KEPT_MS. */
  async function staying(namespace: string): Promise<string[]> {
    const keys = await admin.keys(`floodmark:*{${namespace}}*`)
    expect(keys.length).toBeGreaterThan(0)
    const endsInMs = await Promise.all(keys.map((key) => admin.pttl(key)))
    expect(Math.max(...endsInMs)).toBeLessThanOrEqual(KEPT_MS)
    return keys.filter((_, at) => endsInMs[at] === -1)
  }

  /** Publishes, and consumes with retries. `look` is called while events wait, are in hand, wait to come again, and are settled. */
  async function used(queue: Queue, look: () => Promise<unknown>): Promise<void> {
    await queue.publish(numbered(0, EVENTS), LIMIT)
    await queue.probe()
    await look()
    const seen = new Set<number>()
    const acked = new Set<number>()
    const stop = new AbortController()
    const options = { batchEventsMax: 8, handlersMax: 2, leaseMs: LEASE_MS, signal: stop.signal }
    const done = queue.consume(async (batch) => {
      const again = numbersOf(batch).some((n) => !seen.has(n))
      for (const n of numbersOf(batch)) (again ? seen : acked).add(n)
      await look()
      return batch.map(() => (again ? { retryInMs: 100 } : 'ack'))
    }, options)
    await expect.poll(() => acked.size).toBe(EVENTS)
    await queue.publish(numbered(EVENTS, 3), LIMIT)
    await expect.poll(() => acked.size).toBe(EVENTS + 3)
    stop.abort()
    await done
    await queue.publish(numbered(2 * EVENTS, 3), LIMIT)
    await look()
    await queue.close()
  }

  for (const name of ['redis-streams', 'bullmq'] as const) {
    describe(`what ${name} writes`, () => {
      it('ends by itself where it was opened so', async () => {
        const { default: driver } = await queues[name]!()
        const namespace = `kept-${name}`
        const queue = await driver.open({ url: server().url, namespace, keptMs: KEPT_MS })
        await used(queue, async () => expect(await staying(namespace)).toEqual([]))
      })

      it('stays where it was not, as in a service', async () => {
        const { default: driver } = await queues[name]!()
        const namespace = `stays-${name}`
        const queue = await driver.open({ url: server().url, namespace })
        await queue.publish(numbered(0, EVENTS), LIMIT)
        const kept = (await staying(namespace)).length
        expect(kept).toBeGreaterThan(name === 'bullmq' ? EVENTS : 1)
        await queue.close()
      })
    })
  }

  async function settled(ledger: Ledger): Promise<void> {
    const events = ['applied', 'failed', 'buried', 'exhumed', 'forgotten', 'held'].map((id) => anEvent(id))
    const claims = await ledger.claim(events, LEASE_MS)
    const [applied, failed, buried, exhumed, forgotten] = events.map((event, at) => {
      const claim = claims[at]!
      if (claim.state !== 'new') throw new Error(`${event.id} is ${claim.state}`)
      return { event, fence: claim.fence }
    })
    const tx = new RecordedTx()
    tx.put('value', Buffer.from('1'))
    tx.increment('count', 1)
    tx.append('list', Buffer.from('item'))
    const letter = { result: 'buried', cause: 'permanent', reason: 'no' } as const
    await ledger.settle([
      { ...applied!, result: 'applied', writes: tx.writes },
      { ...failed!, result: 'failed', error: 'no' },
      { ...buried!, ...letter },
      { ...exhumed!, ...letter },
      { ...forgotten!, ...letter },
    ])
    await ledger.exhume(exhumed!.event.id)
    await ledger.forget(forgotten!.event.id)
    await ledger.keepCopy(applied!.event)
    await ledger.probe()
    await ledger.close()
  }

  describe('what the redis ledger writes', () => {
    it('ends by itself where it was opened so', async () => {
      await settled(await redisLedger.open({ url: server().url, namespace: 'kept-ledger', keptMs: KEPT_MS }))
      expect(await staying('kept-ledger')).toEqual([])
    })

    it('stays where it was not, but for marks, as in a service', async () => {
      const ttlMs = KEPT_MS / 4
      const namespace = 'stays-ledger'
      await settled(await redisLedger.open({ url: server().url, namespace, ttlMs }))
      const names = (await admin.keys(`floodmark:*{${namespace}}*`)).map((key) => key.split(':ledger:')[1]!)
      const ends = await Promise.all(names.map((name) => admin.pttl(`floodmark:{${namespace}}:ledger:${name}`)))
      const stay = names.filter((_, at) => ends[at] === -1).sort()
      const sets = ['copies', 'dead', 'deaths', 'fence', 'list:list', 'lists', 'names', 'position', 'values']
      expect(stay).toEqual([...sets, 'id:test:buried'].sort())
    })
  })
})
