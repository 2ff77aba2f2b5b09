import { Queue as BullQueue } from 'bullmq'
import { expect, it } from 'vitest'
import bullmq from '../../queues/bullmq.ts'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { Handler, Queue } from '../../src/core/contracts/queue.ts'
import { acking, inOrder, LIMIT, numbered, numbersOf, Subject, upTo } from '../contract/queue/kit.ts'
import { anEvent } from '../events.ts'
import { describeWithServer } from '../servers.ts'
import { serverTarget } from './server-target.ts'

function consuming(queue: Queue, handle: Handler, leaseMs = 10_000) {
  const stop = new AbortController()
  const done = queue.consume(handle, { batchEventsMax: 8, handlersMax: 2, leaseMs, signal: stop.signal })
  return () => {
    stop.abort()
    return done
  }
}

describeWithServer('redis', (server) => {
  const target = () => serverTarget(server(), bullmq, 'bullmq.ts')

  it('keeps a job through any number of dying consumers, and never counts it as failed', async (context) => {
    const subject = new Subject(await target(), context)
    const queue = await subject.open()
    await queue.publish(numbered(0, 4), LIMIT)
    for (const _ of upTo(3)) {
      const inHand = await subject.killedChild('hang', (numbers) => new Set(numbers).size === 4)
      expect(inOrder(new Set(inHand))).toEqual(upTo(4))
    }
    const counts: (number | undefined)[] = []
    const seen: number[] = []
    const handle: Handler = async (batch, tell) => {
      counts.push(...batch.map(({ count }) => count))
      return acking(seen)(batch, tell)
    }
    const stop = consuming(queue, handle, 1_000)
    await subject.until('all four are acked', () => new Set(seen).size === 4)
    await stop()
    // Three deaths or more: a killed consumer's leases may have run out more than once.
    for (const count of counts) expect(count).toBeGreaterThan(3)
    await subject.end()
  })

  it('leaves no completed and no failed job behind', async (context) => {
    const subject = new Subject(await target(), context)
    const queue = await subject.open()
    await queue.publish(numbered(0, 20), LIMIT)
    const rejected = new Set<number>()
    const acked: number[] = []
    const handle: Handler = async (batch, tell) => {
      const fresh = numbersOf(batch).filter((n) => n % 5 === 0 && !rejected.has(n))
      for (const n of fresh) rejected.add(n)
      if (fresh.length > 0) throw new Error('planned')
      return acking(acked)(batch, tell)
    }
    const stop = consuming(queue, handle)
    await subject.until('all are acked', () => acked.length === 20)
    await stop()
    const { namespace, url } = subject.target.child!
    const plain = new BullQueue('events', { connection: { url }, prefix: `floodmark:bullmq:{${namespace}}` })
    const counts = await plain.getJobCounts()
    expect(Object.values(counts).every((count) => count === 0)).toBe(true)
    await plain.close()
    await subject.end()
  })

  // taskforcesh/bullmq#322, OptimalBits/bull#342: somebody pauses it from a dashboard.
  it('takes events while it is paused by hand, counts them, and goes on by itself afterwards', async (context) => {
    const subject = new Subject(await target(), context)
    const queue = await subject.open()
    const { namespace, url } = subject.target.child!
    const board = new BullQueue('events', { connection: { url }, prefix: `floodmark:bullmq:{${namespace}}` })
    const acked: number[] = []
    const stop = consuming(queue, acking(acked))
    await board.pause()
    await queue.publish(numbered(0, 5), LIMIT)
    expect(await queue.depth()).toMatchObject({ waiting: 5, inFlight: 0 })
    expect(acked).toEqual([])
    await board.resume()
    await subject.until('all are acked', () => acked.length === 5)
    await stop()
    await board.close()
    await subject.end()
  })

  it("refuses a publish above its bound as 'overloaded', for certain, and takes it after acks", async (context) => {
    const subject = new Subject(await target(), context)
    const queue = await subject.open({ bytesMax: 1_000 })
    const big = [anEvent('1', { body: Buffer.alloc(600) })]
    await queue.publish(big, LIMIT)
    const refusal = { code: 'overloaded', definite: true, unsafe: [0] }
    await expect(queue.publish(big, LIMIT)).rejects.toMatchObject(refusal)
    await sleep(systemClock, 300) // it reads the server's count again
    await expect(queue.publish(big, LIMIT)).rejects.toMatchObject(refusal)
    const seen: number[] = []
    const stop = consuming(queue, acking(seen))
    await subject.until('it is acked', () => seen.length === 1)
    await stop()
    await subject.until('it takes events again', () =>
      queue.publish(big, LIMIT).then(
        () => true,
        (error: unknown) => {
          expect(error).toBeInstanceOf(FloodmarkError)
          return false
        },
      ),
    )
    await subject.end()
  })

  it('ends its consumer while the server is away', async (context) => {
    const subject = new Subject(await target(), context)
    const queue = await subject.open()
    await queue.publish(numbered(0, 1), LIMIT)
    const seen: number[] = []
    const stop = consuming(queue, acking(seen))
    await subject.until('it consumes', () => seen.length === 1)
    await subject.target.server!.kill()
    try {
      await stop()
    } finally {
      await subject.target.server!.start()
    }
    await queue.close()
    await subject.end()
  })
})
