import { expect } from 'vitest'
import { sleep, systemClock } from '../../../src/core/contracts/clock.ts'
import type { Handler } from '../../../src/core/contracts/queue.ts'
import {
  acking,
  type Behaviours,
  inOrder,
  judging,
  LIMIT,
  numbered,
  publishAll,
  SHORT_LEASE_MS,
  secondsSince,
  upTo,
} from './kit.ts'

export const leases: Behaviours = {
  'delivers again when the handler rejects': async (subject) => {
    const queue = await subject.open()
    await queue.publish(numbered(0, 1), LIMIT)
    let calls = 0
    const handle: Handler = async (batch) => {
      if (++calls === 1) throw new Error('planned')
      return batch.map(() => 'ack')
    }
    await subject.consume(queue, handle, 'it came twice', () => calls === 2)
  },

  'delivers again when a lease runs out, and ignores the verdict that comes too late': async (subject) => {
    const queue = await subject.open()
    await queue.publish(numbered(0, 1), LIMIT)
    let calls = 0
    const handle: Handler = async (batch) => {
      const call = ++calls
      if (call === 1) await subject.until('it came again', () => calls > 1)
      // The late ack of the first call is settled or ignored before this call asks for another try.
      if (call === 2) await sleep(systemClock, SHORT_LEASE_MS / 4)
      return batch.map(() => (call === 2 ? { retryInMs: 0 } : 'ack'))
    }
    await subject.consume(queue, handle, 'it came three times', () => calls >= 3, { leaseMs: SHORT_LEASE_MS })
  },

  'delivers again what a killed consumer had in hand': async (subject) => {
    const published = upTo(12)
    const queue = await subject.open()
    subject.needs(queue.traits.survives.includes('receiver-crash'), 'nothing outlives its process')
    await publishAll(queue, numbered(0, 12))
    await queue.close()
    const inHand = await subject.killedChild('hang', (numbers) => numbers.length > 0)
    const killedMs = performance.now()
    const again = new Set<number>()
    let takenOver: string | undefined
    const came = (...numbers: number[]) => {
      for (const n of numbers) again.add(n)
      if (inHand.every((n) => again.has(n))) takenOver ??= secondsSince(killedMs)
    }
    const all = () => published.every((n) => again.has(n))
    await subject.consume(await subject.open(), acking({ push: came }), 'everything is delivered', all)
    expect(inHand.filter((n) => !again.has(n))).toEqual([])
    expect(inOrder(again)).toEqual(published)
    subject.measured(takenOver!)
  },

  'delivers again what a consumer handled but did not settle before it died': async (subject) => {
    const queue = await subject.open()
    subject.needs(queue.traits.survives.includes('receiver-crash'), 'nothing outlives its process')
    await queue.publish(numbered(0, 6), LIMIT)
    await queue.close()
    const handled = await subject.killedChild('die-before-settling', () => false)
    expect(handled.length).toBeGreaterThan(0)
    expect(inOrder(new Set(await subject.drain(await subject.open(), upTo(6))))).toEqual(upTo(6))
  },

  'settles the work in flight when it is aborted and closed': async (subject) => {
    const queue = await subject.open()
    await queue.publish(numbered(0, 3), LIMIT)
    const acked: number[] = []
    let began = false
    const consumer = subject.consumer(queue, async (batch, tell) => {
      began = true
      await sleep(systemClock, 300)
      return acking(acked)(batch, tell)
    })
    await subject.until('a handler runs', () => began)
    await consumer.stop()
    const rest = upTo(3).filter((n) => !acked.includes(n))
    expect(acked.length).toBeGreaterThan(0)
    const survives = queue.traits.survives.includes('receiver-crash')
    if (survives) await queue.close()
    const again = survives ? await subject.open() : queue
    await again.publish(numbered(3, 1), LIMIT)
    expect(inOrder(await subject.drain(again, [...rest, 3]))).toEqual([...rest, 3])
  },

  'delivers what was not acked after it is opened again, and nothing that was': async (subject) => {
    const first = await subject.open()
    subject.needs(first.traits.survives.includes('receiver-crash'), 'nothing outlives its process')
    await publishAll(first, numbered(0, 40))
    const acked = new Set<number>()
    const handle = judging((n) => {
      if (n >= 20) return { retryInMs: 2_000 }
      acked.add(n)
      return 'ack'
    })
    await subject.consume(first, handle, 'the first twenty are acked', () => acked.size === 20)
    await first.close()
    const again = await subject.drain(await subject.open(), upTo(20, 20))
    expect(inOrder(new Set(again))).toEqual(upTo(20, 20))
  },
}
