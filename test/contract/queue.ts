import { describe, expect, it } from 'vitest'
import { sleep, systemClock } from '../../src/core/clock.ts'
import type { WebhookEvent } from '../../src/core/event.ts'
import type { Handler, Queue, Verdict } from '../../src/core/queue.ts'
import { anEvent } from '../events.ts'

export interface QueueUnderTest {
  /** Opens the same namespace again each time. */
  open(options?: { bytesMax?: number }): Promise<Queue>
}

const LIMIT = { deadlineMs: 5_000 }
const number = (event: WebhookEvent) => Number(event.id.split(':')[1])
const numbered = (from: number, count: number, key = (n: number) => `k${n % 3}`) =>
  Array.from({ length: count }, (_, at) => anEvent(String(from + at), { key: key(from + at) }))

/** Consumes until `enough` says so (or 5 s have passed), then ends the consumer. */
async function consume(
  queue: Queue,
  handle: Handler,
  enough: () => boolean,
  options: { leaseMs?: number; handlersMax?: number } = {},
) {
  const stop = new AbortController()
  const { leaseMs = 10_000, handlersMax = 2 } = options
  const done = queue.consume(handle, { batchEventsMax: 8, handlersMax, leaseMs, signal: stop.signal })
  for (let waited = 0; waited < 500 && !enough(); waited++) await sleep(systemClock, 10)
  stop.abort()
  await done
}

/** What every queue must do. */
export function queueContract(name: string, make: () => Promise<QueueUnderTest>): void {
  describe(`${name} keeps the queue contract`, () => {
    it('delivers every byte and header of what was published', async () => {
      const queue = await (await make()).open()
      const bodies = [Buffer.alloc(0), Buffer.from([0, 255, 254, 0xc3, 0x28]), Buffer.alloc(500_000, 7)]
      const events = bodies.map((body, at) =>
        anEvent(String(at), { key: `k${at}`, body, headers: { 'x-a': 'ä', 'x-b': '' } }),
      )
      await queue.publish(events, LIMIT)
      const seen = new Map<number, WebhookEvent>()
      const handle: Handler = async (batch) => {
        for (const { event } of batch) seen.set(number(event), event)
        return batch.map(() => 'ack')
      }
      await consume(queue, handle, () => seen.size === 3)
      for (const [at, event] of events.entries()) {
        expect(Buffer.compare(seen.get(at)!.body, event.body)).toBe(0)
        expect({ ...seen.get(at), body: 0 }).toEqual({ ...event, body: 0 })
      }
      await queue.close()
    })

    it('keeps the order within a key through retries, which hold that key only', async () => {
      const queue = await (await make()).open()
      await queue.publish(numbered(0, 30), LIMIT)
      const order: number[] = []
      let failed = 0
      const handle: Handler = async (batch) => {
        const held = new Set<string>()
        return batch.map(({ event }): Verdict => {
          if (number(event) === 4 && failed < 3) {
            failed++
            held.add(event.key)
          }
          if (held.has(event.key)) return { retryInMs: 30 }
          order.push(number(event))
          return 'ack'
        })
      }
      await consume(queue, handle, () => order.length === 30)
      for (const rest of [0, 1, 2]) {
        const ofKey = order.filter((n) => n % 3 === rest)
        expect(ofKey).toEqual([...ofKey].sort((a, b) => a - b))
      }
      expect(order.toSorted((a, b) => a - b)).toEqual(numbered(0, 30).map(number))
      expect(order.indexOf(29)).toBeLessThan(order.indexOf(4))
      await queue.close()
    })

    it('never has one key in two handler calls at once', async () => {
      const queue = await (await make()).open()
      const running = new Set<string>()
      let clashes = 0
      let settled = 0
      const handle: Handler = async (batch) => {
        const keys = new Set(batch.map(({ event }) => event.key))
        for (const key of keys) running.has(key) ? clashes++ : running.add(key)
        await sleep(systemClock, 2)
        for (const key of keys) running.delete(key)
        settled += batch.length
        return batch.map(() => 'ack')
      }
      const publishing = Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          queue.publish(
            numbered(at * 5, 5, (n) => `k${n % 4}`),
            LIMIT,
          ),
        ),
      )
      await consume(queue, handle, () => settled === 100, { handlersMax: 4 })
      await publishing
      expect({ clashes, settled }).toEqual({ clashes: 0, settled: 100 })
      await queue.close()
    })

    it('delivers again when the handler rejects, and when the lease runs out; a late verdict is ignored', async () => {
      const queue = await (await make()).open()
      await queue.publish(numbered(0, 1), LIMIT)
      let calls = 0
      let acked = false
      const handle: Handler = async (batch) => {
        calls++
        if (calls === 1) throw new Error('planned')
        if (calls === 2) {
          await sleep(systemClock, 400)
          return batch.map(() => 'ack')
        }
        acked = true
        return batch.map(() => 'ack')
      }
      await consume(queue, handle, () => acked, { leaseMs: 100 })
      expect(calls).toBe(3)
      expect((await queue.depth()).waiting).toBe(0)
      await queue.close()
    })

    it("refuses as 'overloaded' when full, for certain, and takes events again after acks", async () => {
      const queue = await (await make()).open({ bytesMax: 1_000 })
      const big = [anEvent('1', { body: Buffer.alloc(600) })]
      await queue.publish(big, LIMIT)
      await expect(queue.publish(big, LIMIT)).rejects.toMatchObject({ code: 'overloaded', definite: true, unsafe: [0] })
      let settled = 0
      await consume(
        queue,
        async (batch) => {
          settled += batch.length
          return batch.map(() => 'ack')
        },
        () => settled === 1,
      )
      await queue.publish(big, LIMIT)
      expect((await queue.depth()).waiting).toBe(1)
      await queue.close()
    })

    it("refuses what is above its size limit as 'too-large'", async () => {
      const queue = await (await make()).open()
      const body = Buffer.alloc(Math.min(16 * 1024 * 1024, queue.traits.publishBytesMax))
      await expect(queue.publish([anEvent('1', { body })], LIMIT)).rejects.toMatchObject({
        code: 'too-large',
        unsafe: [0],
      })
      await queue.publish([], LIMIT)
      await queue.close()
      await queue.close()
    })

    it('refuses to publish once it is closed, and loses nothing by it', async () => {
      const target = await make()
      const first = await target.open()
      await first.publish(numbered(0, 3), LIMIT)
      await first.close()
      if (!first.traits.survives.includes('receiver-crash')) return
      await expect(first.publish(numbered(3, 1), LIMIT)).rejects.toMatchObject({ code: 'unavailable' })
      const second = await target.open()
      expect((await second.depth()).waiting).toBe(3)
      await second.close()
    })

    it('keeps what was not acked over a restart, if it says so, and nothing that was', async () => {
      const target = await make()
      const first = await target.open()
      await first.publish(numbered(0, 40), LIMIT)
      const acked = new Set<number>()
      const handle: Handler = async (batch) => {
        const held = new Set<string>()
        return batch.map(({ event }): Verdict => {
          if (number(event) >= 20) held.add(event.key)
          if (held.has(event.key)) return { retryInMs: 60_000 }
          acked.add(number(event))
          return 'ack'
        })
      }
      await consume(first, handle, () => acked.size === 20)
      await first.close()
      const second = await target.open()
      const survives = second.traits.survives.includes('receiver-crash')
      const again: number[] = []
      await consume(
        second,
        async (batch) => {
          again.push(...batch.map(({ event }) => number(event)))
          return batch.map(() => 'ack')
        },
        () => !survives || again.length >= 20,
      )
      expect(again.toSorted((a, b) => a - b)).toEqual(survives ? numbered(20, 20).map(number) : [])
      await second.close()
    })
  })
}
