import { describe, expect, it, vi } from 'vitest'
import { ceilingsOf, type StackCeiling } from '../../../src/runner/compare/ceilings.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { CEILING_VERSION, type Ceiling, type TrialRecord } from '../../../src/runner/search/ceiling-schema.ts'
import { GOAL, stepAfter } from '../../../src/runner/search/search.ts'
import { TIME_OVER } from '../../../src/runner/search/time-plan.ts'
import { QUIET, searched } from '../search/trial-records.ts'

// Arithmetic alone, a second or two of it; a busy machine may take longer.
vi.setConfig({ testTimeout: 120_000 })

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1)
const ABOUT = {
  ...{ startedAt: '2026-01-31T08:00:00.000Z', interrupted: false, seed: 1, acceptP99Ms: 250, trialMs: 6_000 },
  ...{ budgetMs: 240_000, forced: false, command: 'npm run compare -- --ceiling' },
  environment: { node: '', platform: '', cpu: '', cores: 2, memoryBytes: 1 },
}

function ceilingOf(trials: TrialRecord[]): Ceiling {
  const step = stepAfter(trials, { ...GOAL, ratePerSMax: 100_000 }, TIME_OVER)
  if (step.next !== 'nothing') throw new Error('the search is not over')
  return {
    version: CEILING_VERSION,
    settings: settingsOf('steady', {}).settings,
    ...{ acceptP99Ms: 250, trialMs: 6_000, startedAt: ABOUT.startedAt, tookMs: 200_000, interrupted: false },
    found: step.found,
    // Nothing of these is compared, and to work them out takes long.
    ...{ posterior: [], limit: 'backlog', accept: { interval: null, atLeastPerS: null }, law: null, byLimit: [] },
    ...{ criticalPerS: null, withoutLimit: null, costs: [], drifted: false },
    ...{ binding: null, environment: ABOUT.environment, trials },
  }
}

/** A stack whose ceiling is so many times that of the quiet one. */
function stack(name: string, seed: number, factor = 1): StackCeiling {
  const trials = searched({ ...QUIET, ceilingPerS: QUIET.ceilingPerS * factor, acceptPerS: 20_000 }, seed)
  return { stack: name, folder: name, ceiling: ceilingOf(trials) }
}

const placesOf = (stacks: readonly StackCeiling[]) =>
  ceilingsOf(stacks, ABOUT).classes.map(({ rows }) => rows.map((row) => [row.stack, row.place]))
const told = (factor: number) =>
  SEEDS.filter((seed) =>
    placesOf([stack('a', seed), stack('b', seed + 100, factor)])[0]!.some(([, at]) => at === 'behind'),
  )

describe('ceilings of stacks whose truth is known', () => {
  it('find no difference between a stack and itself, in at least 18 of 20', () => {
    expect(told(1).length).toBeLessThanOrEqual(2)
  })

  it('find one that holds a third less, in at least 18 of 20', () => {
    expect(told(0.67).length).toBeGreaterThanOrEqual(18)
  })

  it('hold the true ratio in the interval', () => {
    const held = SEEDS.filter((seed) => {
      const { classes } = ceilingsOf([stack('a', seed), stack('b', seed + 100, 0.8)], ABOUT)
      const against = classes[0]!.rows.find((row) => row.stack === 'b')!.against
      // Where b came out first by chance, the ratio is the other way round.
      const { low, high } = against ?? { low: 0.8, high: 0.8 }
      return low <= 0.8 && 0.8 <= high
    })
    expect(held.length).toBeGreaterThanOrEqual(18)
  })
})

describe('the ranks of ceilings', () => {
  const shown = (one: StackCeiling, survives: string[]): StackCeiling => {
    const part = { survives, basis: 'measured' as const }
    const trials = one.ceiling.trials.map((trial) => ({ ...trial, durability: { queue: part, ledger: part } }))
    return { ...one, ceiling: { ...one.ceiling, trials } }
  }

  it('never put stacks together that survive different failures', () => {
    const all = [shown(stack('a', 1), ['power-loss']), shown(stack('b', 2, 2), [])]
    expect(placesOf(all)).toEqual([[['a', 'first']], [['b', 'first']]])
  })

  it('leave out a stack whose ceiling is out of reach or not known, and say why', () => {
    const few = stack('few', 3)
    const bound = stack('bound', 4)
    const found = { ...bound.ceiling.found, kind: 'generator-bound' as const }
    const cut = {
      ...few,
      ceiling: { ...few.ceiling, found: { kind: 'budget-over' as const, interval: null, soakedPerS: null } },
    }
    const { rows } = ceilingsOf([{ ...bound, ceiling: { ...bound.ceiling, found } }, stack('a', 5), cut], ABOUT)
      .classes[0]!
    expect(rows.map((row) => [row.stack, row.place, row.why])).toEqual([
      ['a', 'first', null],
      ['bound', 'unranked', 'generator-bound'],
      ['few', 'unranked', 'too-few-trials'],
    ])
  })
})
