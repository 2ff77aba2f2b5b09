import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { Lanes, type Waiting } from '../../../src/core/processing/lanes.ts'
import { anEvent } from '../../events.ts'

const item = (id: string, key: string): Waiting & { id: string } => ({
  id,
  lane: key,
  sinceMs: 0,
  bytes: 1,
  load: () => anEvent(id, { key }),
})

describe('withdrawing lanes', () => {
  it('forgets what waits, also behind a retry, and leaves other keys alone', async () => {
    const clock = new VirtualClock()
    const acked: string[] = []
    const lanes = new Lanes<ReturnType<typeof item>>(clock, ({ id }) => acked.push(id))
    const seen: string[] = []
    const stop = new AbortController()
    const options = { batchEventsMax: 1, handlersMax: 1, leaseMs: 10_000, signal: stop.signal }
    const done = lanes.consume(async ([only]) => {
      seen.push(only!.event.key)
      return [only!.event.key === 'a' ? { retryInMs: 1_000 } : 'ack']
    }, options)
    lanes.add(item('1', 'a'))
    lanes.add(item('2', 'a'))
    await clock.advance(10)
    await lanes.withdraw(({ lane }) => lane === 'a')
    lanes.add(item('3', 'b'))
    await clock.advance(5_000)
    expect(seen).toEqual(['a', 'b'])
    expect(acked).toEqual(['3'])
    expect(lanes.depth()).toMatchObject({ waiting: 0, inFlight: 0 })
    stop.abort()
    await done
  })

  it('waits for what is in a handler, whose acks still count, and delivers nothing behind it', async () => {
    const clock = new VirtualClock()
    const acked: string[] = []
    const lanes = new Lanes<ReturnType<typeof item>>(clock, ({ id }) => acked.push(id))
    const stop = new AbortController()
    let calls = 0
    let release = () => {}
    const handling = new Promise<void>((resolve) => {
      release = resolve
    })
    const options = { batchEventsMax: 1, handlersMax: 1, leaseMs: 10_000, signal: stop.signal }
    const done = lanes.consume(async () => {
      calls++
      await handling
      return ['ack']
    }, options)
    lanes.add(item('1', 'a'))
    lanes.add(item('2', 'a'))
    await clock.advance(10)
    let out = false
    const withdrawing = lanes
      .withdraw(() => true)
      .then(() => {
        out = true
      })
    await clock.advance(10)
    expect(out).toBe(false)
    release()
    await clock.advance(100)
    await withdrawing
    expect({ calls, acked, depth: lanes.depth() }).toMatchObject({ calls: 1, acked: ['1'], depth: { waiting: 0 } })
    stop.abort()
    await done
  })
})
