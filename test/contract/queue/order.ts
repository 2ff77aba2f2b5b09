import { expect } from 'vitest'
import type { Handler, Verdict } from '../../../src/core/contracts/queue.ts'
import { anEvent } from '../../events.ts'
import {
  type Behaviours,
  expectOrderByKey,
  inOrder,
  judging,
  LIMIT,
  numbered,
  numberOf,
  onePerKey,
  publishAll,
  upTo,
} from './kit.ts'

export const order: Behaviours = {
  'delivers the events of a key in the order of their publish calls': async (subject) => {
    const queue = await subject.open()
    const calls = upTo(10).map((call) => queue.publish(numbered(call * 6, 6), LIMIT))
    await Promise.all(calls)
    const seen = await subject.drain(queue, upTo(60))
    if (queue.traits.order !== 'none') expectOrderByKey(seen)
  },

  'keeps the order of a key through retries, where it says so': async (subject) => {
    const queue = await subject.open()
    await publishAll(queue, numbered(0, 30))
    const acked: number[] = []
    let failed = 0
    const handle = judging((n) => {
      if (n === 4 && failed++ < 3) return { retryInMs: 30 }
      acked.push(n)
      return 'ack'
    })
    await subject.consume(queue, handle, 'all thirty are acked', () => new Set(acked).size === 30)
    expect(failed).toBeGreaterThan(3)
    if (queue.traits.order !== 'none') expectOrderByKey(acked)
    expect(inOrder(new Set(acked))).toEqual(upTo(30))
  },

  'delivers again no sooner than the retry verdict says': async (subject) => {
    const queue = await subject.open()
    await queue.publish(numbered(0, 1), LIMIT)
    const atMs: number[] = []
    const handle: Handler = async () => [atMs.push(performance.now()) < 2 ? { retryInMs: 1_000 } : 'ack']
    await subject.consume(queue, handle, 'it came twice', () => atMs.length === 2)
    // A broker's clock may count in whole ms, and this measurement starts after the verdict.
    expect(atMs[1]! - atMs[0]!).toBeGreaterThan(980)
  },

  'lets other keys go on while one event fails again and again': async (subject) => {
    const queue = await subject.open()
    const poisoned = (n: number) => n === 0 || n === 41
    await publishAll(
      queue,
      numbered(0, 42, (n) => (poisoned(n) ? 'poison' : `k${n}`)),
    )
    const good = new Set<number>()
    const bad: number[] = []
    let tries = 0
    // A lane holds several keys. The keys that share the poisoned key's lane wait with it.
    const enough = queue.traits.order === 'lane' ? 1 : 40
    const handle = judging((n) => {
      if (n === 0 && (tries++ < 3 || good.size < enough)) return { retryInMs: 50 }
      if (poisoned(n)) bad.push(n)
      else good.add(n)
      return 'ack'
    })
    await subject.consume(queue, handle, 'all are acked', () => good.size === 40 && new Set(bad).size === 2)
    expect(tries).toBeGreaterThan(3)
    if (queue.traits.order !== 'none') expect(bad[0]).toBe(0)
    if (queue.traits.order === 'lane') subject.partly('the keys that share its lane wait with it')
  },

  'lets the keys of a batch go on as soon as each is judged, while one takes long': async (subject) => {
    const queue = await subject.open()
    subject.needs(queue.traits.order !== 'lane', 'the keys of a lane wait for each other')
    const keyOf = (n: number) => (n === 0 ? 'slow' : `k${n % 5}`)
    await publishAll(queue, numbered(0, 6, keyOf))
    const acked = new Set<number>()
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const handle: Handler = async (batch, tell) => {
      const judged = batch.map(async ({ event }, position): Promise<Verdict> => {
        const n = numberOf(event)
        if (n === 0) await released
        acked.add(n)
        tell(position, 'ack')
        return 'ack'
      })
      return Promise.all(judged)
    }
    const consumer = subject.consumer(queue, handle, { batchEventsMax: 16, handlersMax: 1 })
    try {
      await subject.until('all but the slow one are judged', () => acked.size === 5)
      for (const from of [6, 12, 18]) {
        await queue.publish(numbered(from, 6, keyOf), LIMIT)
        await subject.until('what comes later too', () => acked.size === from + 5)
      }
      expect(acked.has(0)).toBe(false)
    } finally {
      release()
    }
    await subject.until('and then the slow one', () => acked.has(0))
    await consumer.stop()
  },

  'keeps a key of one source apart from the same key of another, where a stalled key delays only itself': async (
    subject,
  ) => {
    const queue = await subject.open()
    subject.needs(queue.traits.order === 'key', 'keys may share a lane, or have no order')
    const events = ['a', 'b'].flatMap((source, at) =>
      upTo(3).map((n) => anEvent(String(3 * at + n), { source, key: 'same' })),
    )
    await queue.publish(events, LIMIT)
    const acked: number[] = []
    const handle: Handler = async (batch) => {
      const isOpen = acked.filter((n) => n >= 3).length === 3
      const verdicts = batch.map(({ event }): Verdict => {
        return event.source === 'b' || isOpen ? 'ack' : { retryInMs: 50 }
      })
      for (const [at, verdict] of verdicts.entries()) if (verdict === 'ack') acked.push(numberOf(batch[at]!.event))
      return verdicts
    }
    await subject.consume(queue, handle, 'all are acked', () => new Set(acked).size === 6)
    // No ack was ignored. An ack behind a retry of the same key would be ignored.
    expect(acked).toEqual([3, 4, 5, 0, 1, 2])
  },

  'never has one key in two handler calls at once, where it keeps an order': async (subject) => {
    const queue = await subject.open()
    const { handle, seen, clashes } = onePerKey()
    const consumer = subject.consumer(queue, handle, { handlersMax: 4 })
    await Promise.all(
      upTo(20).map((call) =>
        queue.publish(
          numbered(call * 5, 5, (n) => `k${n % 4}`),
          LIMIT,
        ),
      ),
    )
    await subject.until('everything is delivered', () => seen.size === 100)
    await consumer.stop()
    if (queue.traits.order !== 'none') expect(clashes()).toBe(0)
  },
}
