import { describe, expect, it } from 'vitest'
import { seeded } from '../../../src/core/contracts/random.ts'
import { GOAL, stepAfter } from '../../../src/runner/search/search.ts'
import { NO_HURRY, TIME_OVER } from '../../../src/runner/search/time-plan.ts'
import type { Trial } from '../../../src/runner/search/trial.ts'
import { bisect, majority, type SimulatedStack, search } from './simulated.ts'

const SEARCHES = 20
const stackOf = (seed: number, width: number, spurious: number): SimulatedStack => ({
  ceilingPerS: 5_000 * 10 ** seeded(seed * 7_919)(),
  width,
  spurious,
})
const errorOf = (foundPerS: number, { ceilingPerS }: SimulatedStack) => Math.abs(foundPerS / ceilingPerS - 1)
const within10 = (errors: readonly number[]) => errors.filter((error) => error <= 0.1).length
const seeds = Array.from({ length: SEARCHES }, (_, at) => at + 1)

describe('a search for a ceiling, in numbers', () => {
  it.each([
    ['a sharp ceiling', 0.02, 0, 20],
    ['one in twenty fails for no reason', 0.05, 0.05, 18],
    ['one in ten fails for no reason', 0.05, 0.1, 18],
  ])('%s: is within 10%% of the truth, and its interval holds it', (_what, width, spurious, least) => {
    const errors: number[] = []
    const counts: number[] = []
    let held = 0
    for (const seed of seeds) {
      const stack = stackOf(seed, width, spurious)
      const { found, trials } = search(stack, seed)
      const { low, mid, high } = found.interval!
      errors.push(errorOf(mid, stack))
      counts.push(trials.length)
      if (low <= stack.ceilingPerS && stack.ceilingPerS <= high) held++
      expect(found.soakedPerS).toBeGreaterThan(0)
    }
    expect(within10(errors)).toBeGreaterThanOrEqual(least)
    expect(held).toBeGreaterThanOrEqual(18)
    expect(counts.toSorted((a, b) => a - b)[SEARCHES / 2]!).toBeLessThanOrEqual(30)
  })

  it('bisection with one trial a load is fooled by a single failure, and a majority of five takes no fewer trials', () => {
    const stacks = seeds.map((seed) => ({ seed, stack: stackOf(seed, 0.05, 0.05) }))
    const bisected = stacks.map(({ seed, stack }) => errorOf(bisect(stack, seed).ceilingPerS, stack))
    const voted = stacks.map(({ seed, stack }) => errorOf(majority(stack, seed).ceilingPerS, stack))
    expect(within10(bisected)).toBeLessThan(18)
    expect(within10(voted)).toBeGreaterThanOrEqual(18)
  })

  it('says at least, where the sender can offer no more', () => {
    const { found } = search({ ceilingPerS: 50_000, width: 0.02, spurious: 0 }, 1, 10_000)
    expect(found).toMatchObject({ kind: 'generator-bound', soakedPerS: expect.any(Number) })
    expect(found.soakedPerS).toBeGreaterThanOrEqual(9_000)
    expect(found.soakedPerS).toBeLessThanOrEqual(10_000)
  })

  it.each([
    ['nearly nothing', 1],
    ['a tenth of what it holds', 300],
    ['a hundred times as much as it holds', 300_000],
  ])('is found where a stack that is offered too much gets done %s', (_what, saturatedPerS) => {
    const { found } = search({ ceilingPerS: 3_000, width: 0.02, spurious: 0, saturatedPerS }, 1, 400_000)
    expect(found.kind).toBe('found')
    expect(found.interval!.mid).toBeGreaterThan(2_700)
    expect(found.interval!.mid).toBeLessThan(3_300)
    expect(found.soakedPerS).toBeGreaterThan(2_500)
  })

  it('says that the lowest load is too much', () => {
    const { found } = search({ ceilingPerS: 0.1, width: 0.02, spurious: 0 }, 1)
    expect(found).toMatchObject({ kind: 'below-lowest', soakedPerS: null })
  })
})

describe('the next step', () => {
  const goal = { ...GOAL, ratePerSMax: 20_000 }
  const saturation: Trial = { purpose: 'saturation', ratePerS: 2_000, outcome: 'failed', donePerS: 1_000 }
  const trial = (purpose: Trial['purpose'], ratePerS: number, outcome: Trial['outcome']): Trial => ({
    purpose,
    ratePerS,
    outcome,
    donePerS: ratePerS,
  })

  it('offers more until it is too much', () => {
    expect(stepAfter([], goal)).toEqual({ next: 'saturation', ratePerS: 2_000 })
    const held = { ...saturation, donePerS: 1_990 }
    expect(stepAfter([held], goal)).toEqual({ next: 'saturation', ratePerS: 8_000 })
    expect(stepAfter([saturation], goal)).toEqual({ next: 'anchor', ratePerS: 500 })
  })

  it('follows from the trials alone: a search that was interrupted goes on as it would have', () => {
    const { trials } = search({ ceilingPerS: 5_000, width: 0.05, spurious: 0.05 }, 3)
    for (let count = 1; count < trials.length; count++) {
      const step = stepAfter(trials.slice(0, count), { ...GOAL, ratePerSMax: 200_000 })
      expect(step).toEqual({ next: trials[count]!.purpose, ratePerS: trials[count]!.ratePerS })
    }
  })

  it('is a soak only where a load is to be published', () => {
    const { trials, found } = search({ ceilingPerS: 5_000, width: 0.03, spurious: 0 }, 3)
    const firstSoak = trials.findIndex(({ purpose }) => purpose === 'soak')
    const unsoaked = { ...GOAL, ratePerSMax: 200_000, soaks: false }
    expect(found.kind).toBe('found')
    expect(stepAfter(trials.slice(0, firstSoak), unsoaked)).toMatchObject({ next: 'anchor' })
    const rest = trials.slice(firstSoak).filter(({ purpose }) => purpose === 'anchor')
    const step = stepAfter([...trials.slice(0, firstSoak), ...rest], unsoaked)
    expect(step).toMatchObject({ found: { kind: 'found', soakedPerS: null } })
  })

  it('is not changed by an invalid trial', () => {
    const trials = [saturation, trial('anchor', 500, 'passed')]
    expect(stepAfter([...trials, trial('search', 900, 'invalid')], goal)).toEqual(stepAfter(trials, goal))
  })

  it('stays below a load that no sender could offer twice', () => {
    const trials = [saturation, trial('anchor', 500, 'passed'), ...[1, 2].map(() => trial('search', 900, 'invalid'))]
    const step = stepAfter(trials, goal)
    expect(step.next === 'nothing' || step.ratePerS <= 810).toBe(true)
  })

  it('anchors lower where no sender could offer the first one in time, and then always as much', () => {
    const late = [1, 2].map(() => trial('anchor', 500, 'invalid'))
    const { ratePerS } = { ratePerS: 0, ...stepAfter([saturation, ...late], goal) }
    expect(ratePerS).toBe(450)
    const anchored = [saturation, ...late, trial('anchor', 450, 'passed'), ...Array.from({ length: 8 }, () => held)]
    expect(stepAfter(anchored, goal)).toEqual({ next: 'anchor', ratePerS: 450 })
  })

  it('gives up after six invalid trials running', () => {
    const invalid = Array.from({ length: 6 }, () => trial('anchor', 500, 'invalid'))
    expect(stepAfter([saturation, ...invalid], goal)).toMatchObject({ found: { kind: 'not-measurable' } })
  })

  const [held, tooMuch] = [trial('search', 900, 'passed'), trial('search', 1_000, 'failed')]
  const late = Array.from({ length: 6 }, () => trial('search', 950, 'invalid'))

  it('tries another load where the sender was late twice', () => {
    const trials = [saturation, trial('anchor', 500, 'passed'), held, tooMuch, ...late.slice(4)]
    const { next, ratePerS } = { ratePerS: 0, ...stepAfter(trials, goal) }
    expect(next).toBe('search')
    expect(Math.abs(ratePerS / 950 - 1)).toBeGreaterThan(0.01)
  })

  it('soaks what held, and says at least, where the sender was late six times running', () => {
    const trials = [saturation, trial('anchor', 500, 'passed'), held, tooMuch, ...late]
    expect(stepAfter(trials, goal)).toMatchObject({ next: 'soak' })
    const soaked = [...trials, trial('soak', 880, 'passed'), ...[1, 2].map(() => trial('anchor', 500, 'passed'))]
    expect(stepAfter(soaked, goal)).toMatchObject({ found: { kind: 'generator-bound', soakedPerS: 880 } })
    const lateAgain = [...trials, ...[1, 2].map(() => trial('soak', 880, 'invalid'))]
    expect(stepAfter(lateAgain, goal)).toMatchObject({ found: { kind: 'generator-bound', soakedPerS: null } })
  })

  it('soaks less where a soak did not pass, whatever the other trials say, so that some load is published', () => {
    const near = Array.from({ length: 6 }, () => [
      trial('search', 950, 'passed'),
      trial('search', 1_010, 'failed'),
    ]).flat()
    const known = [saturation, trial('anchor', 500, 'passed'), ...near, trial('anchor', 500, 'passed')]
    const time = { ...NO_HURRY, budgetMs: 360_000, leftMs: 100_000, loadMs: 15_000, soakMs: 50_000, besideMs: 45_000 }
    const first = stepAfter(known, goal, time)
    if (first.next !== 'soak') throw new Error(`${first.next} in place of a soak`)
    for (const outcome of ['failed', 'undecided'] as const) {
      const second = stepAfter([...known, trial('soak', first.ratePerS, outcome)], goal, time)
      expect(second).toMatchObject({ next: 'soak' })
      if (second.next !== 'nothing') expect(second.ratePerS).toBeLessThanOrEqual(0.931 * first.ratePerS)
    }
    const once = [...known, trial('soak', first.ratePerS, 'failed')]
    expect(stepAfter(once, goal, { ...time, leftMs: 99_000 }), 'the last that there is time for').toMatchObject({
      next: 'soak',
      ratePerS: expect.closeTo(0.93 ** 2 * first.ratePerS, -1),
    })
    const twice = [1, 0.93].map((share) => trial('soak', share * first.ratePerS, 'failed'))
    expect(stepAfter([...known, ...twice], goal, time)).toMatchObject({
      next: 'soak',
      ratePerS: expect.closeTo(0.93 ** 3 * first.ratePerS, -1),
    })
    const passed = [trial('soak', first.ratePerS, 'failed'), trial('soak', 0.93 * first.ratePerS, 'passed')]
    expect(stepAfter([...known, ...passed], goal, TIME_OVER)).toMatchObject({
      found: { kind: 'found', soakedPerS: 0.93 * first.ratePerS },
    })
  })

  it('says at least as much as held, where the sender was late above and there was no time for a soak', () => {
    const trials = [saturation, trial('anchor', 500, 'passed'), ...[1, 2].map(() => trial('search', 560, 'invalid'))]
    const step = stepAfter(trials, goal, TIME_OVER)
    expect(step).toMatchObject({ found: { kind: 'generator-bound', soakedPerS: null, interval: { low: 500 } } })
  })

  it('ends with what is known when the time is over', () => {
    const trials = [saturation, trial('anchor', 500, 'passed'), trial('search', 900, 'failed')]
    const step = stepAfter(trials, goal, TIME_OVER)
    expect(step).toMatchObject({ next: 'nothing', found: { kind: 'budget-over', soakedPerS: null } })
    expect(stepAfter([], goal, TIME_OVER)).toMatchObject({ found: { kind: 'budget-over', interval: null } })
  })

  it('goes on with a limit of its own, and forgets what a busy machine spoiled, where somebody lets it', () => {
    const near = Array.from({ length: 20 }, () => [trial('search', 900, 'passed'), trial('search', 1_000, 'failed')])
    const soaks = [1, 0.93, 0.8, 0.6].map((share) => trial('soak', 850 * share, 'failed'))
    const anchors = [1, 2, 3].map(() => trial('anchor', 500, 'passed'))
    const over = [saturation, ...near.flat(), ...soaks, ...anchors]
    expect(stepAfter(over, goal)).toMatchObject({ found: { kind: 'budget-over', soakedPerS: null } })
    expect(stepAfter(over, { ...goal, triedBefore: over.length })).toMatchObject({ next: 'soak' })
    const stuck = [saturation, ...Array.from({ length: 6 }, () => trial('anchor', 500, 'invalid'))]
    expect(stepAfter(stuck, { ...goal, triedBefore: stuck.length })).toEqual({ next: 'anchor', ratePerS: 500 })
  })

  it('does not publish a soak that a later one of as much has failed', () => {
    const soaks = [trial('anchor', 500, 'passed'), trial('soak', 900, 'passed'), trial('soak', 890, 'failed')]
    expect(stepAfter([saturation, ...soaks], goal, TIME_OVER)).toMatchObject({ found: { soakedPerS: null } })
  })
})
