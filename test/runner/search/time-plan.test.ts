import { describe, expect, it, vi } from 'vitest'
import { seeded } from '../../../src/core/contracts/random.ts'
import { GOAL, stepAfter } from '../../../src/runner/search/search.ts'
import { durationOf, lengthsOf, mayGoOn, NO_HURRY } from '../../../src/runner/search/time-plan.ts'
import type { Purpose, Trial } from '../../../src/runner/search/trial.ts'
import { type SimulatedStack, trialsOf } from './simulated.ts'

// Arithmetic alone, a second or two of it; a busy machine may take longer.
vi.setConfig({ testTimeout: 120_000 })

const TRIAL_MS = 6_000
const COSTS = 3
const NOISY: SimulatedStack = { ceilingPerS: 8_000, width: 0.06, spurious: 0.05 }
type Timed = Trial & { readonly tookMs: number; readonly beganMs: number }

/** A search in virtual time. `aroundMs`: what a trial takes beside its sending. */
function timed(stack: SimulatedStack, seed: number, budgetMs: number, aroundMs: (purpose: Purpose) => number) {
  const { tries, saturatedPerS } = trialsOf(stack, seed)
  const trials: Timed[] = []
  for (let nowMs = 0; ; ) {
    const lengths = lengthsOf(trials, TRIAL_MS)
    const time = { budgetMs, leftMs: budgetMs - nowMs, ...lengths, besideMs: COSTS * lengths.loadMs }
    const step = stepAfter(trials, { ...GOAL, ratePerSMax: 200_000 }, time)
    if (step.next === 'nothing') return { found: step.found, trials, endedMs: nowMs, leftMs: budgetMs - nowMs, lengths }
    const { next: purpose, ratePerS } = step
    const tookMs = durationOf(purpose, TRIAL_MS) + aroundMs(purpose)
    const isHint = purpose === 'saturation'
    const outcome = isHint ? ('failed' as const) : tries(ratePerS)
    trials.push({
      ...{ purpose, ratePerS, outcome, tookMs, beganMs: nowMs },
      donePerS: isHint ? Math.min(ratePerS, saturatedPerS) : ratePerS,
    })
    nowMs += tookMs
  }
}
const seeds = Array.from({ length: 8 }, (_, at) => at + 1)
const steady = (purpose: Purpose) => (purpose === 'soak' ? 19_000 : 9_000)

describe('the time of a search', () => {
  it.each([30_000, 90_000, 150_000, 240_000, 360_000])('of %i ms is not exceeded', (budgetMs) => {
    for (const seed of seeds) expect(timed(NOISY, seed, budgetMs, steady).endedMs).toBeLessThanOrEqual(budgetMs)
  })

  it('is exceeded by no more than a single trial was slower than those before it', () => {
    for (const seed of seeds) {
      const random = seeded(seed * 31)
      const { endedMs } = timed(NOISY, seed, 200_000, (purpose) => steady(purpose) + 5_000 * random())
      expect(endedMs).toBeLessThanOrEqual(205_000)
    }
  })

  it.each([240_000, 360_000])(
    'of %i ms suffices for an interval, a soak, a second anchor and the costs',
    (budgetMs) => {
      for (const seed of seeds) {
        const { found, trials, leftMs, lengths } = timed(NOISY, seed, budgetMs, steady)
        const of = (purpose: Purpose) => trials.filter((one) => one.purpose === purpose).length
        expect(found.interval, String(seed)).not.toBeNull()
        expect(of('soak'), String(seed)).toBeGreaterThan(0)
        expect(of('anchor'), String(seed)).toBeGreaterThan(1)
        // A soak that failed took the time of the costs.
        if (of('soak') === 1) expect(leftMs, String(seed)).toBeGreaterThanOrEqual(COSTS * lengths.loadMs)
      }
    },
  )

  it('of 80 s goes into loads: there is none for a soak, and one anchor is enough', () => {
    for (const seed of seeds) {
      const { trials, leftMs, lengths } = timed(NOISY, seed, 80_000, steady)
      const of = (purpose: Purpose) => trials.filter((one) => one.purpose === purpose).length
      expect({ soaks: of('soak'), anchors: of('anchor') }, String(seed)).toEqual({ soaks: 0, anchors: 1 })
      expect(of('search'), String(seed)).toBeGreaterThan(0)
      expect(leftMs, String(seed)).toBeLessThan(lengths.loadMs)
    }
  })

  it('is kept for at most by half: a search in a hurry still has loads', () => {
    const time = { ...NO_HURRY, budgetMs: 60_000, loadMs: 10_000, soakMs: 44_000, besideMs: 30_000 }
    expect(mayGoOn({ ...time, leftMs: 45_000 }, false)).toBe(true)
    expect(mayGoOn({ ...time, leftMs: 39_000 }, false)).toBe(false)
  })

  it('is planned by the slowest of the last trials, a soak by itself', () => {
    const made = [20_000, 9_000, 10_500, 10_000, 9_500, 9_900].map((tookMs) => ({ purpose: 'search' as const, tookMs }))
    expect(lengthsOf(made, TRIAL_MS)).toEqual({ loadMs: 10_500, soakMs: 30_000 + 4_500 + 10_000 })
    const soaked = [...made, { purpose: 'soak' as const, tookMs: 47_000 }]
    expect(lengthsOf(soaked, TRIAL_MS)).toEqual({ loadMs: 10_500, soakMs: 47_000 })
    expect(lengthsOf([], TRIAL_MS)).toEqual({ loadMs: 16_000, soakMs: 50_000 })
  })
})
