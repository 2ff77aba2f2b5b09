import { describe, expect, it } from 'vitest'
import type { KnownServer } from '../../../src/runner/calibration/behaviours.ts'
import { erlangC, knownCeilingPerS, knownP99Ms, mmcLater } from '../../../src/runner/calibration/closed-forms.ts'
import { virtualTrial } from '../../../src/runner/calibration/virtual-trial.ts'
import { GOAL, stepAfter } from '../../../src/runner/search/search.ts'
import type { Trial } from '../../../src/runner/search/trial.ts'

const off = (found: number, truth: number) => Math.abs(found / truth - 1)

describe('closed forms', () => {
  it('are the textbook’s: Erlang C of 2 servers at load 1 is 1/3, and M/M/1 answers by an exponential law', () => {
    expect(erlangC(2, 1)).toBeCloseTo(1 / 3, 12)
    expect(erlangC(1, 0.7)).toBeCloseTo(0.7, 12)
    // Service of 10 ms at 70/s leaves 30/s.
    expect(mmcLater(1, 10, 70, 50)).toBeCloseTo(Math.exp(-0.03 * 50), 9)
    expect(knownP99Ms({ kind: 'mmc', servers: 1, meanMs: 10 }, 70)).toBeCloseTo(Math.log(100) / 0.03, 6)
    expect(knownCeilingPerS({ kind: 'mmc', servers: 1, meanMs: 10 }, Math.log(100) / 0.03)).toBeCloseTo(70, 6)
  })

  const servers: readonly (readonly [KnownServer, number])[] = [
    [{ kind: 'fixed', ms: 40 }, 300],
    [{ kind: 'stalls', everyMs: 2_000, forMs: 300 }, 300],
    [{ kind: 'mmc', servers: 1, meanMs: 2 }, 300],
    [{ kind: 'mmc', servers: 8, meanMs: 20 }, 200],
    [{ kind: 'mmc', servers: 8, meanMs: 20 }, 360],
  ]
  it.each(servers)('the p99 that the histogram gives is within 5%% of that of %j at %i/s', (server, ratePerS) => {
    const { answerP99Ms } = virtualTrial(server, { ratePerS, durationMs: 400_000, warmUpMs: 10_000, seed: 7 })
    expect(off(answerP99Ms, knownP99Ms(server, ratePerS)!)).toBeLessThan(0.05)
  })
})

/** The search itself, against servers in virtual time. */
function ceilingOf(server: KnownServer, markMs: number, seed: number, heldMs = 12_000) {
  const trials: Trial[] = []
  for (let at = 0; ; at++) {
    const step = stepAfter(trials, { ...GOAL, ratePerSMax: 40_000 })
    if (step.next === 'nothing') return { ...step.found, trials: trials.length }
    const { next: purpose, ratePerS } = step
    const durationMs = purpose === 'soak' ? 5 * heldMs : heldMs
    const made = virtualTrial(server, { ratePerS, durationMs, seed: seed * 1_000 + at })
    const holds = made.refused === 0 && made.answerP99Ms <= markMs && made.effectP99Ms <= 6 * markMs
    const known = knownCeilingPerS(server, markMs)!
    const donePerS = purpose === 'saturation' ? Math.min(ratePerS, known) : ratePerS
    trials.push({ purpose, ratePerS, outcome: holds ? 'passed' : 'failed', donePerS })
  }
}

describe('the search for a ceiling recovers a known one within 5%', () => {
  const servers: readonly (readonly [KnownServer, number])[] = [
    [{ kind: 'token-bucket', ratePerS: 800, depth: 60 }, 100],
    [{ kind: 'bounded', servers: 20, ms: 20 }, 90],
    [{ kind: 'mmc', servers: 8, meanMs: 8 }, 45],
    [{ kind: 'early', servers: 20, ms: 20 }, 30],
    [{ kind: 'remembers', servers: 20, ms: 20, limit: 200, factor: 2, forMs: 2_000 }, 90],
    [{ kind: 'stalls', everyMs: 400, forMs: 60, servers: 20, ms: 20 }, 150],
  ]
  it.each(servers)('%j, p99 at most %i ms', (server, markMs) => {
    const errors = [1, 2, 3].map((seed) => {
      const { interval, soakedPerS } = ceilingOf(server, markMs, seed)
      expect(soakedPerS).toBeLessThanOrEqual(interval!.high)
      return interval!.mid / knownCeilingPerS(server, markMs)! - 1
    })
    for (const error of errors) expect(Math.abs(error), String(errors)).toBeLessThan(0.05)
  })

  it('holds what a server takes that stalls, in its interval, also where a trial is hardly longer than seven stalls', () => {
    const server = { kind: 'stalls', everyMs: 400, forMs: 60, servers: 20, ms: 20 } as const
    for (const seed of [1, 2, 3]) {
      const { interval } = ceilingOf(server, 150, seed, 2_800)
      expect(interval!.low, String(seed)).toBeLessThanOrEqual(850)
      expect(interval!.high, String(seed)).toBeGreaterThanOrEqual(850)
    }
  })
})
