import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import redisStreams from '../../queues/redis-streams.ts'
import { redisCounts } from '../../src/clients/redis/counts.ts'
import type { PublishError, Queue } from '../../src/core/contracts/queue.ts'
import { inOrder, LIMIT, numbered, upTo } from '../contract/queue/kit.ts'
import { describeWithServer } from '../servers.ts'
import { consumerOf } from './kafka-consumer.ts'
import { serverTarget } from './server-target.ts'

const EVENTS = 60

describeWithServer('redis', (server) => {
  const target = () => serverTarget(server(), redisStreams, 'redis-streams.ts')

  it('asks little of the server for an event that comes alone, and less when none comes', async () => {
    // As a run has it, whose keys end by themselves.
    const queue = await redisStreams.open({ url: server().url, namespace: 'alone', keptMs: 3_600_000 })
    const consumer = consumerOf(queue)
    const counts = await redisCounts(server().url)
    const since = async (before: Readonly<Record<string, number>>) => {
      const { calls } = await counts.read()
      return (name: string) => (calls[name] ?? 0) - (before[name] ?? 0)
    }
    await queue.publish(numbered(0, 1), LIMIT)
    await expect.poll(() => consumer.seen.length).toBe(1)
    const { calls: before } = await counts.read()
    for (let n = 1; n <= EVENTS; n++) {
      await queue.publish(numbered(n, 1), LIMIT)
      await expect.poll(() => consumer.seen.length, { interval: 1 }).toBe(n + 1)
    }
    const busy = await since(before)
    // It was 16 of the first, 15 of the second and 18 of the third an event.
    expect(busy('XREADGROUP')).toBeLessThanOrEqual(1.2 * EVENTS)
    expect(busy('XINFO GROUPS')).toBe(0)
    expect(busy('PTTL')).toBeLessThanOrEqual(2.2 * EVENTS)
    expect(busy('GET')).toBeLessThanOrEqual(3.2 * EVENTS)
    expect(busy('EVAL')).toBe(0)
    await expect.poll(async () => (await queue.depth()).inFlight).toBe(0)
    const { calls: idle } = await counts.read()
    await expect.poll(async () => (await since(idle))('MGET'), { timeout: 10_000 }).toBeGreaterThan(1)
    const quiet = await since(idle)
    for (const name of ['XREADGROUP', 'XINFO GROUPS', 'GET', 'XADD', 'XACK'])
      expect([name, quiet(name)]).toEqual([name, 0])
    await consumer.stop()
    await counts.close()
    await queue.close()
  })

  it('makes its scripts known before the first publish, at each connection', async () => {
    const { open } = await target()
    const admin = new Redis(server().url)
    const forget = async () => {
      await admin.script('FLUSH')
      await admin.config('RESETSTAT')
    }
    await forget()
    const queue = await open()
    await queue.publish(numbered(0, 1), LIMIT)
    // The server was not asked for a script that it did not know.
    expect(await admin.info('errorstats')).not.toContain('NOSCRIPT')
    await forget()
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await expect.poll(() => queue.publish(numbered(1, 1), LIMIT).then(() => 'stored', String)).toBe('stored')
    expect(await admin.info('errorstats')).not.toContain('NOSCRIPT')
    await admin.quit()
    await queue.close()
  })

  it('keeps the order of a key when the server forgets the script of a publish', async () => {
    const { open } = await target()
    const [one, other] = [await open(), await open()]
    const admin = new Redis(server().url)
    const stored: number[] = []
    const publish = (queue: Queue, n: number, key: string) =>
      queue
        .publish(
          numbered(n, 1, () => key),
          LIMIT,
        )
        .then(
          () => void stored.push(n),
          (error: PublishError) => expect(error).toMatchObject({ code: 'unavailable', definite: true }),
        )
    let next = 0
    for (let round = 0; round < 60; round++) {
      const publishes: Promise<void>[] = []
      const some = (queue: Queue, key: string) => {
        for (let n = 0; n < 10; n++) publishes.push(publish(queue, next++, key))
      }
      const forgetting = admin.script('FLUSH')
      some(one, 'a')
      some(other, 'b')
      await (round % 2 ? forgetting : publishes[0])
      some(one, 'a')
      some(other, 'b')
      await Promise.all(publishes)
    }
    const consumer = consumerOf(one)
    await expect.poll(() => consumer.seen.length).toBe(stored.length)
    await consumer.stop()
    expect(inOrder(consumer.seen)).toEqual(inOrder(stored))
    // Of 20 that go out together, those of 'a' come first.
    for (const rest of [0, 1]) {
      const ofKey = consumer.seen.filter((n) => Math.floor(n / 10) % 2 === rest)
      expect(ofKey).toEqual(inOrder(ofKey))
    }
    // A refusal is rare: only where the other one sent the script between two that were under way.
    expect(stored.length).toBeGreaterThan(0.9 * upTo(next).length)
    await admin.quit()
    await Promise.all([one.close(), other.close()])
  })
})
