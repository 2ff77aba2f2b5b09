import { expect } from 'vitest'
import { encodedBytes, isUndecodable } from '../../../src/core/base/codec.ts'
import { EVENT_LIMITS, type WebhookEvent } from '../../../src/core/contracts/event.ts'
import type { Handler } from '../../../src/core/contracts/queue.ts'
import { anEvent } from '../../events.ts'
import { acking, type Behaviours, inOrder, LIMIT, numbered, numberOf, onePerKey, secondsSince, upTo } from './kit.ts'

/** Bodies that a queue made for text, JSON or small messages would spoil. */
const BODIES = [
  Buffer.alloc(0),
  Buffer.alloc(1),
  Buffer.from('\0\0a\0'),
  Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80]),
  Buffer.from('\ufeff{"a":"ä€😀"}\r\n'),
  Buffer.from(upTo(256)),
  Buffer.alloc(300_000, 7),
]
const HEADERS = { 'x-a': 'ä €', 'x-empty': '', 'content-type': 'application/json' }

export const delivery: Behaviours = {
  'delivers every byte and header of what was published': async (subject) => {
    const queue = await subject.open()
    const events = BODIES.map((body, at) => anEvent(String(at), { key: `ключ ${at}`, body, headers: HEADERS }))
    for (const event of events) await queue.publish([event], LIMIT)
    const seen = new Map<number, WebhookEvent>()
    const handle: Handler = async (batch) => {
      for (const { event } of batch) seen.set(numberOf(event), event)
      return batch.map(() => 'ack')
    }
    await subject.consume(queue, handle, 'every body is delivered', () => seen.size === events.length)
    for (const [at, event] of events.entries()) {
      expect(Buffer.compare(seen.get(at)!.body, event.body)).toBe(0)
      expect({ ...seen.get(at), body: 0 }).toEqual({ ...event, body: 0 })
    }
  },

  'hands out a record that is no event as one of its own, once, and all others too': async (subject) => {
    const plant = subject.needs(subject.target.plant, 'nothing else can write to it')
    const queue = await subject.open()
    await queue.publish(numbered(0, 5), LIMIT)
    await plant(Buffer.from('not an event'))
    await queue.publish(numbered(5, 40), LIMIT)
    const seen: WebhookEvent[] = []
    const handle: Handler = async (batch) => {
      seen.push(...batch.map(({ event }) => event))
      return batch.map(() => 'ack')
    }
    const beganMs = performance.now()
    await subject.consume(queue, handle, 'all are delivered', () => seen.length >= 46)
    const took = secondsSince(beganMs)
    const [record, ...more] = seen.filter(isUndecodable)
    expect([Buffer.from(record!.body).toString(), more]).toEqual(['not an event', []])
    expect(record!.id).toMatch(/^undecodable:[0-9a-f]{16} ./)
    expect(inOrder(seen.filter((event) => event !== record).map(numberOf))).toEqual(upTo(45))
    await subject.until('it is settled', async () => {
      const { waiting, inFlight } = await queue.depth()
      return waiting + inFlight === 0
    })
    subject.measured(`handed out once, as its own event; 45 of 45 others in ${took}`)
  },

  'takes an event of exactly its size limit': async (subject) => {
    const queue = await subject.open()
    const overhead = encodedBytes(anEvent('1', { body: Buffer.alloc(0) }))
    const bytes = Math.min(queue.traits.publishBytesMax - overhead, EVENT_LIMITS.bodyBytesMax)
    const body = Buffer.alloc(bytes, 0xfe)
    await queue.publish([anEvent('1', { body })], LIMIT)
    let got: Uint8Array | undefined
    const handle: Handler = async (batch) => {
      got = batch[0]!.event.body
      return batch.map(() => 'ack')
    }
    await subject.consume(queue, handle, 'the largest event is delivered', () => got !== undefined)
    expect(Buffer.compare(got!, body)).toBe(0)
  },

  'hands out no more bytes at once than asked for, and a larger event alone': async (subject) => {
    const queue = await subject.open()
    const bytesMax = 200_000
    const sizes = [60_000, 60_000, 60_000, 60_000, 250_000, 60_000, 60_000, 60_000]
    const events = sizes.map((size, n) => anEvent(String(n), { key: `k${n % 2}`, body: Buffer.alloc(size) }))
    for (const event of events) await queue.publish([event], LIMIT)
    const batches: WebhookEvent[][] = []
    const handle: Handler = async (batch) => {
      batches.push(batch.map(({ event }) => event))
      return batch.map(() => 'ack')
    }
    const seen = () => new Set(batches.flat().map(numberOf)).size
    await subject.consume(queue, handle, 'all are delivered', () => seen() === sizes.length, {
      batchBytesMax: bytesMax,
    })
    for (const batch of batches) {
      const bytes = batch.reduce((sum, event) => sum + encodedBytes(event), 0)
      if (batch.length > 1) expect(bytes).toBeLessThanOrEqual(bytesMax)
    }
    if (queue.traits.order !== 'none')
      expect(
        batches
          .flat()
          .map(numberOf)
          .filter((n) => n % 2 === 0),
      ).toEqual([0, 2, 4, 6])
  },

  'delivers to consumers in two openings, each key to one of them at a time': async (subject) => {
    const first = await subject.open()
    subject.needs(first.traits.shared, 'one opening at a time')
    const second = await subject.open()
    const { handle, seen, clashes } = onePerKey()
    const consumers = [first, second].map((queue) => subject.consumer(queue, handle))
    for (const from of upTo(10)) await first.publish(numbered(from * 10, 10), LIMIT)
    await subject.until('everything is delivered', () => seen.size === 100)
    await Promise.all(consumers.map((consumer) => consumer.stop()))
    if (first.traits.order !== 'none') expect(clashes()).toBe(0)
  },

  'says how many events wait and are in flight': async (subject) => {
    const queue = await subject.open()
    const total = async () => {
      const { waiting, inFlight } = await queue.depth()
      return waiting + inFlight
    }
    await subject.until('it is empty', async () => (await total()) === 0)
    await queue.publish(numbered(0, 7), LIMIT)
    await subject.until('seven wait', async () => (await queue.depth()).waiting === 7)
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const seen: number[] = []
    const consumer = subject.consumer(queue, async (batch, tell) => {
      await released
      return acking(seen)(batch, tell)
    })
    await subject.until('one is in flight', async () => (await queue.depth()).inFlight > 0)
    await subject.until('none is counted twice or forgotten', async () => (await total()) === 7)
    release()
    await subject.until('it is empty again', async () => (await total()) === 0)
    await consumer.stop()
    expect(inOrder(seen)).toEqual(upTo(7))
  },

  'counts deliveries, if it says so, over a retry': async (subject) => {
    const queue = await subject.open()
    subject.needs(queue.traits.countsDeliveries, 'it keeps no count')
    await queue.publish(numbered(0, 1), LIMIT)
    const counts: (number | undefined)[] = []
    const handle: Handler = async ([only]) => {
      counts.push(only!.count)
      return [counts.length < 3 ? { retryInMs: 0 } : 'ack']
    }
    await subject.consume(queue, handle, 'it came three times', () => counts.length === 3)
    expect(counts).toEqual([1, 2, 3])
  },

  'swallows an id that it knows only where it says so': async (subject) => {
    const queue = await subject.open()
    for (let copies = 0; copies < 2; copies++) await queue.publish(numbered(0, 1), LIMIT)
    await queue.publish(
      numbered(1, 1, () => 'k0'),
      LIMIT,
    )
    const seen = await subject.drain(queue, [0, 1])
    expect(seen.filter((n) => n === 0).length).toBe(queue.traits.dedupWindowMs > 0 ? 1 : 2)
  },

  'forgets everything when it is dropped, and dropping nothing succeeds': async (subject) => {
    const queue = await subject.open()
    await queue.publish(numbered(0, 5), LIMIT)
    await queue.close()
    await subject.target.drop()
    await subject.target.drop()
    const again = await subject.open()
    expect((await again.depth()).waiting).toBe(0)
    await again.publish(numbered(5, 1), LIMIT)
    expect(await subject.drain(again, [5])).toEqual([5])
  },
}
