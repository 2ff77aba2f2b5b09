import { describe, expect, it } from 'vitest'
import { SERVICE_DEFAULTS } from '../../../src/core/service/limits.ts'
import { anEvent } from '../../events.ts'
import { processing } from './processing.ts'

const { circuit, backoff, retryForMs, attemptsMin } = SERVICE_DEFAULTS
const DEFAULTS = { circuit, backoff, retryForMs, attemptsMin }
const SECOND_MS = 1_000
const HOUR_MS = 3_600_000

describe('a dependency that is away for a while', () => {
  for (const [ratePerS, awayS] of [
    [1, 5],
    [1, 60],
    [1, 600],
    [1.9, 60],
    [5, 60],
    [50, 60],
  ] as const) {
    it(`costs no event at ${ratePerS}/s and ${awayS} s`, async () => {
      let isAway = true
      const run = await processing((event, tx) => {
        if (isAway) throw new Error('down')
        tx.append(event.key, Buffer.from(event.id))
      }, DEFAULTS)
      const count = Math.ceil(ratePerS * awayS)
      for (let n = 0; n < count; n++) {
        await run.publish(anEvent(String(n), { key: `k${n}` }))
        await run.clock.advance(SECOND_MS / ratePerS)
      }
      isAway = false
      await run.clock.advance(120 * SECOND_MS)
      expect(await run.buried()).toEqual([])
      expect(run.counts.applied).toBe(count)
      await run.end()
    })
  }

  it('and for longer than a day: what has failed for a day is buried, and says so', async () => {
    const failedAtMs: number[] = []
    const run = await processing(() => {
      failedAtMs.push(run.clock.monotonic())
      throw new Error('down')
    }, DEFAULTS)
    await run.publish(anEvent('1'))
    await run.clock.advance(24 * HOUR_MS - SECOND_MS)
    expect(await run.buried()).toEqual([])
    await run.clock.advance(HOUR_MS)
    expect(await run.buried()).toMatchObject([{ reason: 'transient: down', failures: failedAtMs.length }])
    // Waits grow from a second to ten minutes.
    expect(failedAtMs.length).toBeGreaterThan(100)
    expect(failedAtMs.length).toBeLessThan(500)
    expect(failedAtMs[1]! - failedAtMs[0]!).toBeLessThanOrEqual(SECOND_MS + 1)
    await run.end()
  })

  it('never buries at the first tries, though a wall clock was set forward by days between them', async () => {
    let offsetMs = 0
    let tries = 0
    const run = await processing((_, tx) => {
      if (++tries < 3) throw new Error('down')
      tx.increment('n', 1)
    }, DEFAULTS)
    const now = run.clock.now.bind(run.clock)
    run.clock.now = () => now() + offsetMs
    await run.publish(anEvent('1'))
    await run.clock.advance(1)
    offsetMs = 100 * HOUR_MS
    await run.clock.advance(60 * SECOND_MS)
    expect(await run.buried()).toEqual([])
    expect(run.counts.applied).toBe(1)
    await run.end()
  })
})
