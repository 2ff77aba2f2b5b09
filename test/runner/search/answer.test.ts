import { describe, expect, it, vi } from 'vitest'
import { seeded } from '../../../src/core/contracts/random.ts'
import { acceptHintPerS, answerOf, trialsFor } from '../../../src/runner/search/answer.ts'
import type { Ceiling, TrialRecord } from '../../../src/runner/search/ceiling-schema.ts'
import { drainPerS } from '../../../src/runner/search/drain.ts'
import { GOAL, stepAfter, stepBeside, trialsLeft } from '../../../src/runner/search/search.ts'
import { TIME_OVER } from '../../../src/runner/search/time-plan.ts'
import { QUIET, recordOf, searched, trialOf } from './trial-records.ts'

// Arithmetic alone, a second or two of it; a busy machine may take longer.
vi.setConfig({ testTimeout: 120_000 })

/** Each is made once. */
const made = new Map<number, readonly TrialRecord[]>()
function quiet(seed: number): TrialRecord[] {
  if (!made.has(seed)) made.set(seed, searched(QUIET, seed))
  return [...made.get(seed)!]
}
const goal = { ...GOAL, ratePerSMax: 100_000 }
const seeds = Array.from({ length: 8 }, (_, at) => at + 1)

function foundIn(trials: readonly TrialRecord[]): Ceiling['found'] {
  const step = stepAfter(trials, goal, TIME_OVER)
  return step.next === 'nothing' ? step.found : { kind: 'budget-over', interval: null, soakedPerS: null }
}
const answer = (trials: readonly TrialRecord[]) => answerOf(trials, foundIn(trials))
const count = (found: readonly unknown[]) => found.filter(Boolean).length

/** Goes on for the ceiling of what is accepted. */
function alsoAccepted(seed: number): TrialRecord[] {
  const trials = quiet(seed)
  const tried = trialOf(QUIET, seeded(seed + 1_000))
  for (let own = 0; ; own++) {
    const side = { ...goal, trialsMax: 10, hintPerS: acceptHintPerS(trials) }
    const step = stepBeside(trialsFor(trials, { aim: 'accept' }), own, side)
    if (step.next === 'nothing') return trials
    trials.push(tried('accept', step.ratePerS))
  }
}

describe('the ceiling of what is accepted', () => {
  it('takes ten trials more at most, and its interval holds the truth', () => {
    const held = seeds.map((seed) => {
      const trials = alsoAccepted(seed)
      const { interval } = answer(trials).accept
      return interval && interval.low <= QUIET.acceptPerS && QUIET.acceptPerS <= interval.high
    })
    expect(count(held)).toBeGreaterThanOrEqual(7)
  })

  it('is no more than the highest load that was accepted, where none was too much', () => {
    const trials = [4_000, 5_000].map((ratePerS) => recordOf({ purpose: 'search', ratePerS }))
    expect(answer(trials).accept).toEqual({ interval: null, atLeastPerS: 5_000 })
    expect(answer([]).accept).toEqual({ interval: null, atLeastPerS: null })
  })

  it('changes nothing of the search for the ceiling itself', () => {
    const trials = quiet(1)
    expect(stepAfter(alsoAccepted(1), goal)).toEqual(stepAfter(trials, goal))
  })
})

describe('other limits, from the same trials', () => {
  /** p99 is calm / (1 - x / ceiling), so the limit holds below this. */
  const truthAt = (limitMs: number) => QUIET.ceilingPerS * (1 - QUIET.calmP99Ms / limitMs)

  it.each([25, 50, 100, 200])(
    'the ceiling with a p99 of %i ms is held by its interval, or nothing is said',
    (limitMs) => {
      const found = seeds.map((seed) => answer(quiet(seed)).byLimit.find((one) => one.limitMs === limitMs)!.interval)
      const right = found.filter((one) => one === null || (one.low <= truthAt(limitMs) && truthAt(limitMs) <= one.high))
      expect(right.length).toBeGreaterThanOrEqual(7)
    },
  )

  it('max is the ceiling without a limit, and critical the geometric mean of them all', () => {
    const trials = quiet(4)
    const { byLimit, criticalPerS, withoutLimit } = answer(trials)
    expect(withoutLimit!.low).toBeLessThanOrEqual(QUIET.ceilingPerS)
    expect(withoutLimit!.high).toBeGreaterThanOrEqual(QUIET.ceilingPerS)
    const rates = byLimit.flatMap(({ interval }) => interval?.mid ?? [])
    const mean = Math.exp(rates.reduce((sum, rate) => sum + Math.log(rate), 0) / rates.length)
    if (rates.length === byLimit.length) expect(criticalPerS).toBeCloseTo(mean)
    else expect(criticalPerS).toBeNull()
  })
})

describe('the law of the textbook', () => {
  const found: Ceiling['found'] = {
    kind: 'found',
    interval: { low: 4_500, mid: 5_000, high: 5_500 },
    soakedPerS: 4_500,
  }
  const trials = [
    recordOf({ purpose: 'saturation', ratePerS: 30_000, acceptedPerS: 12_000, drainPerS: 8_000 }),
    recordOf({ purpose: 'search', ratePerS: 5_000, repeatsPerEvent: 0.25 }),
    recordOf({ purpose: 'search', ratePerS: 12_000, drainPerS: 9_000, outcome: 'failed' }),
  ]

  it('is min(R_http, R_queue) / (1 + r), and the ceiling a share of it', () => {
    expect(answerOf(trials, found).law).toEqual({
      ...{ acceptPerS: 12_000, queuePerS: 8_000, repeatsPerEvent: 0.25, boundPerS: 6_400, ofBound: 5_000 / 6_400 },
    })
  })

  it('is that of the stack as it is, never as it was delayed or did its work twice', () => {
    const intervention = { what: 'twice', stage: 'effect' } as const
    const sabotaged = (['probe', 'bound', 'share'] as const).flatMap((purpose) => [
      recordOf({ purpose, ratePerS: 4_000, drainPerS: 2_000, outcome: 'failed', intervention }),
      recordOf({ purpose, ratePerS: 9_500, repeatsPerEvent: 3, intervention }),
    ])
    expect(answerOf([...trials, ...sabotaged], found).law).toEqual(answerOf(trials, found).law)
  })

  it('says nothing where a part of it was not measured', () => {
    expect(answerOf(trials.slice(1, 2), found).law).toBeNull()
    expect(answerOf([], found).law).toBeNull()
    expect(answerOf(trials, { ...found, kind: 'generator-bound' }).law, 'at least so much').toBeNull()
  })

  it('what is worked off in a second is told by a backlog that was large enough', () => {
    const every = (stepMs: number, of: number) => Array.from({ length: of }, (_, at) => 1_000 + (at + 1) * stepMs)
    expect(drainPerS([...every(-1, 900), ...every(0.5, 4_000)], 1_000)).toBeCloseTo(2_000)
    expect(drainPerS(every(0.5, 200), 1_000)).toBeNull()
    expect(drainPerS(every(0.1, 400), 1_000)).toBeNull()
  })
})

describe('a machine that changes', () => {
  it('is seen in the trials: a ceiling that falls by a third meanwhile', () => {
    const moved = seeds.map((seed) => answer(searched({ ...QUIET, moves: { at: 9, factor: 0.65 } }, seed)).drifted)
    expect(count(moved)).toBeGreaterThanOrEqual(7)
  })

  it('is not seen where it stays the same', () => {
    const calm = seeds.map((seed) => answer(searched({ ...QUIET, spurious: 0.05, width: 0.05 }, seed)).drifted)
    expect(count(calm)).toBeLessThanOrEqual(1)
  })

  it('is seen where an event comes to cost more CPU, and nothing is said of a few trials', () => {
    const trials = quiet(2)
    const anchors = trials.filter(({ purpose }) => purpose === 'anchor')
    const dearer = trials.map((one) => (one === anchors.at(-1) ? { ...one, cpuPer1000: { receiver: 0.45 } } : one))
    expect(answer(dearer).drifted).toBe(true)
    expect(answer(trials.slice(0, 4)).drifted).toBeNull()
  })
})

describe('what is left of a search', () => {
  it('becomes less until nothing is left', () => {
    const trials = quiet(5)
    const lefts = trials.map((_, at) => trialsLeft(trials.slice(0, at + 1), goal))
    expect(lefts.at(-1)).toEqual({ loads: 0, soaks: 0 })
    expect(lefts[0]!.loads).toBeGreaterThan(10)
    for (const { loads } of lefts) expect(loads).toBeGreaterThanOrEqual(0)
  })
})
