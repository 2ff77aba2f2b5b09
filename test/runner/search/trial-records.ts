import { seeded } from '../../../src/core/contracts/random.ts'
import type { TrialRecord } from '../../../src/runner/search/ceiling-schema.ts'
import { GOAL, stepAfter } from '../../../src/runner/search/search.ts'

/** A stack that exists as numbers: what it does and accepts at most, and how its p99 grows as that comes nearer. */
export interface NumberedStack {
  readonly ceilingPerS: number
  readonly acceptPerS: number
  readonly width: number
  readonly spurious: number
  /** p99 without load; at a load x it is this / (1 - x / ceiling). */
  readonly calmP99Ms: number
  /** From this trial on the ceiling is another one. */
  readonly moves?: { readonly at: number; readonly factor: number }
}

export const QUIET: NumberedStack = {
  ...{ ceilingPerS: 9_000, acceptPerS: 14_000, width: 0.03, spurious: 0.02, calmP99Ms: 4 },
}

export function recordOf(trial: Partial<TrialRecord> & Pick<TrialRecord, 'purpose' | 'ratePerS'>): TrialRecord {
  const passed = 'passed' as const
  return {
    ...{ outcome: passed, limit: null, sender: 'fit', donePerS: trial.ratePerS, acceptedPerS: trial.ratePerS },
    clauses: { harm: passed, refusals: passed, backlog: passed, response: passed, effect: passed, other: passed },
    ...{ response: { count: 3_000, maxMs: 9 }, heldMs: 4_200, sampleP99Ms: 7, cpuPer1000: { receiver: 0.3 } },
    ...{ drainPerS: null, repeatsPerEvent: 0, startedAt: '2026-01-01T00:00:00.000Z', tookMs: 9_000, folder: 'trial' },
    ...{ usages: [], beside: null, cores: null, durability: null, machine: { othersCores: 0, stolen: 0 } },
    ...trial,
  }
}

/** A trial of such a stack, with a limit of 250 ms. */
export function trialOf(stack: NumberedStack, random: () => number) {
  let count = 0
  return (purpose: TrialRecord['purpose'], ratePerS: number): TrialRecord => {
    const { moves, width, spurious, calmP99Ms, acceptPerS } = stack
    const ceilingPerS = stack.ceilingPerS * (moves && count++ >= moves.at ? moves.factor : 1)
    const holds = (ofPerS: number) => random() < 1 / (1 + Math.exp(Math.log(ratePerS / ofPerS) / width))
    const backlog = holds(ceilingPerS) ? ('passed' as const) : ('failed' as const)
    const isAccepted = holds(acceptPerS)
    const other = random() < spurious ? ('failed' as const) : ('passed' as const)
    const p99Ms = (calmP99Ms / Math.max(0.001, 1 - ratePerS / ceilingPerS)) * Math.exp(0.2 * (random() - 0.5))
    const sampleP99Ms = isAccepted ? Math.min(p99Ms, 249) : 2_000
    const response = isAccepted ? ('passed' as const) : ('failed' as const)
    const record = recordOf({ purpose, ratePerS })
    const clauses = { ...record.clauses, backlog, response, other }
    const limit = (['backlog', 'response', 'other'] as const).find((one) => clauses[one] === 'failed') ?? null
    return {
      ...record,
      ...{ clauses, limit, outcome: limit ? 'failed' : 'passed', sampleP99Ms },
      response: { count: 3_000, maxMs: sampleP99Ms * 3 },
      donePerS: Math.min(ratePerS, ceilingPerS),
      acceptedPerS: Math.min(ratePerS, acceptPerS),
    }
  }
}

/** The trials of a whole search. */
export function searched(stack: NumberedStack, seed: number): TrialRecord[] {
  const tried = trialOf(stack, seeded(seed))
  const trials: TrialRecord[] = []
  for (;;) {
    const step = stepAfter(trials, { ...GOAL, ratePerSMax: 100_000 })
    if (step.next === 'nothing') return trials
    trials.push(tried(step.next, step.ratePerS))
  }
}
