import { describe, expect, it } from 'vitest'
import { type Clock, sleep } from '../../../src/core/contracts/clock.ts'
import type { Effect } from '../../../src/core/contracts/ledger.ts'
import { anEvent } from '../../events.ts'
import { processing } from './processing.ts'

const LIMITS = { batchEventsMax: 256, handlersMax: 2, leaseMs: 30_000, effectMs: 10_000 }

/** Effects that each take a while, and how often they were called. */
async function slow(takesMs: (id: string) => number, over = {}) {
  const calls: string[] = []
  const own: { clock?: Clock } = {}
  const effect: Effect = async ({ id, key }, tx) => {
    calls.push(id)
    const ms = takesMs(id)
    if (ms > 0) await sleep(own.clock!, ms)
    tx.append(key, Buffer.from(id))
  }
  const run = await processing(effect, { ...LIMITS, ...over })
  own.clock = run.clock
  return { ...run, calls }
}

const ofOneKey = (count: number) => Array.from({ length: count }, (_, n) => anEvent(`e${n}`, { key: 'hot' }))

describe('a lane whose effects are slow', () => {
  for (const [count, ms] of [
    [64, 500],
    [64, 1_000],
    [20, 2_000],
    [4, 9_000],
  ] as const) {
    it(`applies ${count} events of one key at ${ms} ms each, in order, with one call each`, async () => {
      const { publish, clock, items, calls, end } = await slow(() => ms)
      const events = ofOneKey(count)
      await publish(...events)
      await clock.advance(3 * count * ms)
      expect(await items()).toEqual(events.map(({ id }) => `hot=${id}`))
      expect(calls.length).toBe(count)
      await end()
    })
  }

  it('begins no further effect once it is to stop, and what was done is settled', async () => {
    const stopping = new AbortController()
    const { publish, clock, items, calls } = await slow(() => 400, { signal: stopping.signal })
    await publish(...ofOneKey(64))
    await clock.advance(500)
    stopping.abort()
    await clock.advance(1_000)
    expect(calls.length).toBe(2)
    expect(await items()).toEqual(['hot=test:e0', 'hot=test:e1'])
  })

  it('refuses limits with which no try fits a lease', async () => {
    await expect(slow(() => 0, { effectMs: 30_000 })).rejects.toMatchObject({ code: 'misuse' })
  })
})

describe('one slow effect', () => {
  it('holds up its own key only', async () => {
    const isSlow = (id: string) => Number(id.slice(6)) % 100 === 7
    const { publish, clock, counts, end } = await slow((id) => (isSlow(id) ? 2_000 : 1))
    for (let n = 0; n < 10_000; n++) {
      await publish(anEvent(`e${n}`, { key: `k${n}` }))
      await clock.advance(1)
    }
    // All but what came in the last moment, and the slow ones of the last two seconds.
    expect(counts.applied).toBeGreaterThan(10_000 - 20 - 100)
    await end()
  })

  it('keeps the order of its own key', async () => {
    const { publish, clock, items, end } = await slow((id) => (id === 'test:e1' ? 5_000 : 0))
    await publish(...ofOneKey(4), anEvent('other', { key: 'other' }))
    await clock.advance(100)
    expect(await items()).toEqual(['other=test:other'])
    await clock.advance(6_000)
    expect((await items()).slice(0, 4)).toEqual([0, 1, 2, 3].map((n) => `hot=test:e${n}`))
    await end()
  })
})

describe('an event that comes twice in one batch', () => {
  it('costs its key nothing', async () => {
    const { publish, clock, items, counts, end } = await slow(() => 0)
    const events = ofOneKey(200)
    await publish(...events.flatMap((event) => [event, event]))
    await clock.advance(200)
    expect(await items()).toEqual(events.map(({ id }) => `hot=${id}`))
    expect(counts).toMatchObject({ applied: 200, duplicates: 200, busy: 0 })
    await end()
  })

  it('comes again with the first when that failed', async () => {
    let failed = 0
    const effect: Effect = ({ id }, tx) => {
      if (failed++ < 1) throw new Error('once')
      tx.append('hot', Buffer.from(id))
    }
    const run = await processing(effect, LIMITS)
    const [event] = ofOneKey(1)
    await run.publish(event!, event!)
    await run.clock.advance(1_000)
    expect(await run.items()).toEqual(['hot=test:e0'])
    expect(run.counts).toMatchObject({ applied: 1, failed: 1, duplicates: 1 })
    await run.end()
  })
})
