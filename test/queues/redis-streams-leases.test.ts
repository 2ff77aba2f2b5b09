import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { shardOf } from '../../queues/redis-streams/keys.ts'
import redisStreams from '../../queues/redis-streams.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import type { Handler, Queue } from '../../src/core/contracts/queue.ts'
import { seeded } from '../../src/core/contracts/random.ts'
import { acking, inOrder, LIMIT, numbered, numberOf, numbersOf, upTo } from '../contract/queue/kit.ts'
import { anEvent } from '../events.ts'
import { describeWithServer } from '../servers.ts'
import { serverTarget } from './server-target.ts'

const WITHIN_MS = 120_000

function consuming(queue: Queue, handle: Handler, leaseMs: number) {
  const stop = new AbortController()
  const options = { batchEventsMax: 8, handlersMax: 4, leaseMs, signal: stop.signal }
  const done = queue.consume(handle, options)
  return {
    done,
    stop() {
      stop.abort()
      return done
    },
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + WITHIN_MS
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error('it did not come to that')
    await sleep(systemClock, 10)
  }
}

describeWithServer('redis', (server) => {
  const target = () => serverTarget(server(), redisStreams, 'redis-streams.ts')
  const one = (n: number) => `key ${n}`

  it('ignores the ack of a consumer that has lost its lease', async () => {
    const { open, proxy } = await target()
    const cutOff = await open({ url: proxy!.url })
    const other = await open()
    await other.publish(numbered(0, 40, one), LIMIT)
    const handled = new Set<number>()
    const first = consuming(
      cutOff,
      async (batch) => {
        proxy!.set('blackhole')
        for (const n of numbersOf(batch)) handled.add(n)
        return batch.map(() => 'ack')
      },
      1_000,
    )
    await until(() => handled.size > 0)
    const again = new Set<number>()
    const retrying: Handler = async (batch) => {
      for (const n of numbersOf(batch)) again.add(n)
      return batch.map(() => ({ retryInMs: 60_000 }))
    }
    const second = consuming(other, retrying, 1_000)
    await until(() => again.size === 40)
    proxy!.set('pass')
    // It sends its last acks now, to no effect: the other consumer still holds its events.
    await first.stop()
    await second.stop()
    expect((await other.depth()).waiting).toBe(40)
    await Promise.all([cutOff.close(), other.close()])
  })

  it('counts none as waiting that somebody deleted by hand while it was in flight, and goes on with the others', async () => {
    const { open, child } = await target()
    const queue = await open()
    await queue.publish(
      numbered(0, 12, () => 'k'),
      LIMIT,
    )
    const { promise: mayAck, resolve: ack } = Promise.withResolvers<void>()
    const seen: number[] = []
    const consumer = consuming(
      queue,
      async (batch) => {
        seen.push(...numbersOf(batch))
        await mayAck
        return batch.map(() => 'ack')
      },
      60_000,
    )
    await until(async () => (await queue.depth()).inFlight === 12)
    const redis = new Redis(server().url)
    const stream = `floodmark:streams:{${child!.namespace}}:events:${shardOf('k')}`
    await redis.xtrim(stream, 'MAXLEN', 2)
    expect(await queue.depth()).toMatchObject({ waiting: 0, inFlight: 2 })
    ack()
    await queue.publish(numbered(12, 1), LIMIT)
    await until(() => seen.includes(12))
    await consumer.stop()
    expect(await queue.depth()).toMatchObject({ waiting: 0, inFlight: 0 })
    await redis.quit()
    await queue.close()
  })

  it('shares the shards between consumers, and hands them over at once when one ends', async () => {
    const { open } = await target()
    const [first, second] = [await open(), await open()]
    const seen: number[][] = [[], []]
    // A lease of a minute: a consumer that waited for one to run out would fail this test.
    const one = consuming(first, acking(seen[0]!), 60_000)
    await first.publish(numbered(0, 100, String), LIMIT)
    await until(() => seen[0]!.length === 100)
    const two = consuming(second, acking(seen[1]!), 60_000)
    let next = 100
    await until(async () => {
      await first.publish(numbered(next++, 1, String), LIMIT)
      return seen[1]!.length > 5
    })
    await one.stop()
    await first.publish(numbered(next, 100, String), LIMIT)
    await until(() => seen[0]!.length + seen[1]!.length === next + 100)
    await two.stop()
    expect(inOrder(seen.flat())).toEqual(upTo(next + 100))
    await Promise.all([first.close(), second.close()])
  })

  it('keeps the order of every key while consumers come, go, fail and lose their connections', async () => {
    const seed = 20_261
    const random = seeded(seed)
    const { open, proxy } = await target()
    const publisher = await open()
    const KEYS = 20
    const LEASE_MS = 60_000 // no lease may run out: then a key in two handlers at once is a fault
    const handled: number[] = []
    const first = new Set<number>()
    const running = new Set<string>()
    let clashes = 0
    const handle: Handler = async (batch) => {
      const keys = new Set(batch.map(({ event }) => event.key))
      for (const key of keys) running.has(key) ? clashes++ : running.add(key)
      await sleep(systemClock, random() * 100)
      for (const key of keys) running.delete(key)
      const held = new Set<string>()
      return batch.map(({ event }) => {
        if (held.has(event.key) || random() < 0.1) {
          held.add(event.key)
          return { retryInMs: random() * 50 }
        }
        const n = numberOf(event)
        if (!first.has(n)) handled.push(n)
        first.add(n)
        return 'ack'
      })
    }
    let publishing = true
    let count = 0
    const publish = async () => {
      for (; count < 2_500; count += 5) {
        await publisher.publish(
          numbered(count, 5, (n) => `key ${n % KEYS}`),
          LIMIT,
        )
        await sleep(systemClock, 8)
      }
      publishing = false
    }
    const comesAndGoes = async (url?: string) => {
      while (publishing) {
        const queue = await open(url ? { url } : {})
        const consumer = consuming(queue, handle, LEASE_MS)
        await sleep(systemClock, 300 + random() * 900)
        if (url) proxy!.cut()
        await consumer.stop()
        await queue.close()
      }
    }
    await Promise.all([publish(), comesAndGoes(), comesAndGoes(), comesAndGoes(proxy!.url)])
    const last = consuming(publisher, handle, LEASE_MS)
    await until(() => first.size === count)
    await last.stop()
    for (let key = 0; key < KEYS; key++) {
      const ofKey = handled.filter((n) => n % KEYS === key)
      expect(ofKey, `key ${key}, seed ${seed}`).toEqual(inOrder(ofKey))
    }
    expect({ clashes, ...(await publisher.depth()) }).toMatchObject({ clashes: 0, waiting: 0, inFlight: 0 })
    await publisher.close()
  })

  it("says 'overloaded' above its bound or the server's memory, and takes events after acks", async () => {
    const { open } = await target()
    const queue = await open({ bytesMax: 1_000 })
    const big = [anEvent('1', { body: Buffer.alloc(600) })]
    const refusal = { code: 'overloaded', definite: true, unsafe: [0] }
    await queue.publish(big, LIMIT)
    await expect(queue.publish(big, LIMIT)).rejects.toMatchObject(refusal)
    const seen: number[] = []
    const consumer = consuming(queue, acking(seen), 10_000)
    await until(() => seen.length === 1)
    await consumer.stop()
    const admin = new Redis(server().url)
    await admin.config('SET', 'maxmemory', '1mb')
    await expect(queue.publish(big, LIMIT)).rejects.toMatchObject(refusal)
    await admin.config('SET', 'maxmemory', '0')
    await until(() =>
      queue.publish(big, LIMIT).then(
        () => true,
        () => false,
      ),
    )
    expect((await queue.depth()).waiting).toBe(1)
    await Promise.all([admin.quit(), queue.close()])
  })

  it('stores an event once when its connection breaks, and says that it may be stored', async () => {
    const { open, proxy } = await target()
    const queue = await open({ url: proxy!.url })
    const other = await open()
    await queue.publish(numbered(0, 1), LIMIT)
    await proxy!.set('drop-replies')
    const publishing = queue.publish(numbered(1, 1), { deadlineMs: 20_000 }).catch((error) => error)
    await until(async () => (await other.depth()).waiting === 2)
    // The stored event shows here before its reply has been dropped there.
    await sleep(systemClock, 500)
    await proxy!.set('pass') // resets the connection
    expect(await publishing).toMatchObject({ code: 'unavailable', definite: false, unsafe: [0] })
    await until(() =>
      queue.publish(numbered(2, 1), LIMIT).then(
        () => true,
        () => false,
      ),
    )
    expect((await other.depth()).waiting).toBe(3)
    await Promise.all([queue.close(), other.close()])
  })

  it('refuses a publish at once while the server is away, and depth rejects', async () => {
    const { open, server: control } = await target()
    const queue = await open()
    await control!.kill()
    try {
      // What was on the wire may have been done. A definite answer shows that the client has seen its connection end.
      await until(() =>
        queue.depth().then(
          () => false,
          ({ definite }) => definite,
        ),
      )
      const refusal = { code: 'unavailable', definite: true, unsafe: [0] }
      await expect(queue.publish(numbered(0, 1), LIMIT)).rejects.toMatchObject(refusal)
    } finally {
      await control!.start()
    }
    await queue.close()
  })

  it('ends its consumer while the server is away', async () => {
    const { open, server: control } = await target()
    const queue = await open()
    await queue.publish(numbered(0, 1), LIMIT)
    const seen: number[] = []
    const consumer = consuming(queue, acking(seen), 10_000)
    await until(() => seen.length === 1)
    await control!.kill()
    try {
      await consumer.stop()
    } finally {
      await control!.start()
    }
    await queue.close()
  })
})
