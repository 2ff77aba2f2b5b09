import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { Lanes, type Waiting } from '../../../src/core/processing/lanes.ts'
import { anEvent } from '../../events.ts'

/** Lanes with a handler that takes `handlingMs` for a batch; the batches it got, each with the time. */
function consuming(handlingMs: number, batchEventsMax: number) {
  const clock = new VirtualClock()
  const lanes = new Lanes<Waiting>(clock, () => {})
  const batches: string[] = []
  const stopping = new AbortController()
  const options = { batchEventsMax, handlersMax: 2, leaseMs: 60_000, signal: stopping.signal }
  const done = lanes.consume((deliveries) => {
    const ids = deliveries.map(({ event }) => event.id.slice(5))
    batches.push(`${clock.monotonic()}: ${ids.join(' ')}`)
    return new Promise((resolve) => clock.after(handlingMs, () => resolve(ids.map(() => 'ack'))))
  }, options)
  const add = (id: string) =>
    lanes.add({ lane: id, sinceMs: clock.now(), bytes: 1, load: () => anEvent(id, { key: id }) })
  const end = async () => {
    stopping.abort()
    await clock.advance(1_000)
    await done
  }
  return { clock, add, batches, end }
}

describe('a batch', () => {
  it('does not wait when nothing is being handled', async () => {
    const { clock, add, batches, end } = consuming(0, 100)
    add('a')
    await clock.advance(50)
    add('b')
    await clock.advance(50)
    expect(batches).toEqual(['0: a', '50: b'])
    await end()
  })

  it('gathers for 10 ms while another is being handled', async () => {
    const { clock, add, batches, end } = consuming(40, 100)
    add('a')
    await clock.advance(1)
    for (const id of ['b', 'c', 'd']) {
      add(id)
      await clock.advance(3)
    }
    await clock.advance(20)
    expect(batches).toEqual(['0: a', '11: b c d'])
    await end()
  })

  it('goes as soon as it is full', async () => {
    const { clock, add, batches, end } = consuming(40, 3)
    add('a')
    await clock.advance(1)
    for (const id of ['b', 'c', 'd', 'e']) {
      add(id)
      await clock.advance(2)
    }
    expect(batches).toEqual(['0: a', '5: b c d'])
    await end()
  })
})
