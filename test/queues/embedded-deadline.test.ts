import { afterAll, describe, expect, it } from 'vitest'
import { EmbeddedQueue } from '../../queues/embedded/queue.ts'
import { encodedBytes } from '../../src/core/base/codec.ts'
import { anEvent } from '../events.ts'
import { drain, LIMIT, logFolders, SEGMENT_BYTES } from './embedded-logs.ts'

const logs = logFolders()
afterAll(logs.remove)

const event = (id: string) => anEvent(id, { body: Buffer.alloc(400) })
const EVENT_BYTES = encodedBytes(event('0'))

/** A queue with room for four events, and a clock whose timers of `ms` fire when told to. */
function opened() {
  const timers: { ms: number; fn: () => void }[] = []
  const clock = {
    now: () => logs.clock.now(),
    monotonic: () => logs.clock.monotonic(),
    after(ms: number, fn: () => void) {
      timers.push({ ms, fn })
      return () => {}
    },
  }
  const queue = new EmbeddedQueue(logs.fresh(), { clock, segmentBytes: SEGMENT_BYTES, bytesMax: 4 * EVENT_BYTES })
  return { queue, fire: (ms: number) => timers.find((timer) => timer.ms === ms)!.fn() }
}

describe('a publish to the embedded queue that runs out of time', () => {
  it('may still be stored while it is being written, and then its ack frees the bytes', async () => {
    const { queue, fire } = opened()
    await queue.publish([event('0')], LIMIT)
    const late = queue.publish([event('1')], { deadlineMs: 7 })
    await undefined
    fire(7)
    await expect(late).rejects.toMatchObject({ code: 'timeout', definite: false, unsafe: [0] })
    await queue.publish([event('2')], LIMIT)
    const full = queue.publish([event('3'), event('4')], LIMIT)
    await expect(full).rejects.toMatchObject({ code: 'overloaded', definite: true })
    const delivered = await drain(queue, logs.clock)
    expect(delivered.map(({ id }) => id)).toEqual(['test:0', 'test:1', 'test:2'])
    await queue.publish(['5', '6', '7', '8'].map(event), LIMIT)
    await queue.close()
  })

  it('is certainly not stored when it was still waiting, and frees its bytes at once', async () => {
    const { queue, fire } = opened()
    await queue.publish([event('0')], LIMIT)
    const running = queue.publish([event('1')], LIMIT)
    await undefined
    const waiting = queue.publish([event('2')], { deadlineMs: 7 })
    fire(7)
    await expect(waiting).rejects.toMatchObject({ code: 'timeout', definite: true, unsafe: [0] })
    await running
    await queue.publish([event('3'), event('4')], LIMIT)
    expect((await drain(queue, logs.clock)).map(({ id }) => id)).toEqual(['test:0', 'test:1', 'test:3', 'test:4'])
    await queue.close()
  })
})

describe('the embedded queue', () => {
  it('refuses more events in one publish than its traits allow, and an event that is not valid', async () => {
    const { queue } = opened()
    const many = Array.from({ length: queue.traits.publishEventsMax + 1 }, () =>
      anEvent('1', { body: Buffer.alloc(0) }),
    )
    await expect(queue.publish(many, LIMIT)).rejects.toMatchObject({ code: 'too-large', definite: true })
    await expect(queue.publish([anEvent('1', { key: '' })], LIMIT)).rejects.toMatchObject({ code: 'misuse' })
    await queue.publish(['1', '2', '3', '4'].map(event), LIMIT)
    expect((await queue.depth()).waiting).toBe(4)
    await queue.close()
    await expect(queue.publish([event('5')], LIMIT)).rejects.toMatchObject({ code: 'overloaded' })
  })
})
