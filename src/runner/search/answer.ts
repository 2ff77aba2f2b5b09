import type { Ceiling, TrialRecord } from './ceiling-schema.ts'
import { type Clause, outcomeAt } from './judge.ts'
import { beliefOf } from './search.ts'

/** Limits of the response p99 by which the same trials are judged as well, ms. */
export const LIMITS_MS = [10, 25, 50, 100, 200] as const
/** Beyond this an interval says no more than that nothing is known, high / low. */
const RATIO_SAYING_NOTHING = 3
/** Three anchors on a quiet machine had medians of 0.61 to 0.89 ms: runs differ so much. A change beyond this is the machine's. */
const DRIFT_RATIO_MAX = 1.6

/** What the trials of a search say beside the ceiling itself. */
export function answerOf(
  trials: readonly TrialRecord[],
): Pick<Ceiling, 'limit' | 'byLimit' | 'criticalPerS' | 'drifted'> {
  const byLimit = LIMITS_MS.map((limitMs) => ({ limitMs, interval: intervalAt(trials, limitMs) }))
  const rates = byLimit.map(({ interval }) => interval?.mid)
  const isWhole = rates.every((rate) => rate !== undefined)
  const criticalPerS = isWhole ? Math.exp(rates.reduce((sum, rate) => sum + Math.log(rate), 0) / rates.length) : null
  return { limit: limitOf(trials), byLimit, criticalPerS, drifted: driftOf(trials) }
}

function intervalAt(trials: readonly TrialRecord[], limitMs: number) {
  const judged = trials
    .filter(({ purpose }) => purpose !== 'saturation')
    .map((trial) => ({ ...trial, outcome: outcomeAt(trial, limitMs) }))
    .filter(({ outcome }) => outcome !== 'invalid')
  if (!judged.some(({ outcome }) => outcome === 'passed')) return null
  const hints = trials.filter(({ purpose }) => purpose === 'saturation').map(({ donePerS }) => donePerS)
  const interval = beliefOf(judged, Math.max(1, ...hints)).published()
  return interval.high / interval.low > RATIO_SAYING_NOTHING ? null : interval
}

/** The clause that failed most often; of two the one that is told first. */
function limitOf(trials: readonly TrialRecord[]): Clause | null {
  const counts = new Map<Clause, number>()
  for (const { purpose, outcome, limit } of trials) {
    if (purpose !== 'saturation' && outcome === 'failed' && limit) counts.set(limit, (counts.get(limit) ?? 0) + 1)
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null
}

function driftOf(trials: readonly TrialRecord[]): boolean | null {
  const anchors = trials.filter(
    ({ purpose, outcome, response }) => purpose === 'anchor' && outcome !== 'invalid' && response.p50,
  )
  if (anchors.length < 2) return null
  const [first, last] = [anchors[0]!.response.p50!, anchors.at(-1)!.response.p50!]
  const isApart = first.highMs < last.lowMs || last.highMs < first.lowMs
  return isApart && Math.max(first.ms, last.ms) / Math.min(first.ms, last.ms) > DRIFT_RATIO_MAX
}
