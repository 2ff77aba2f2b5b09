import type { Ceiling, TrialRecord } from './ceiling-schema.ts'

/** Among trials that left a backlog, the median of what was worked off without load; and no less than was done beside a load. */
function queuePerS(trials: readonly TrialRecord[], held: readonly TrialRecord[]): number | null {
  const drained = trials.flatMap(({ drainPerS }) => drainPerS ?? []).toSorted((a, b) => a - b)
  if (drained.length === 0) return null
  return Math.max(drained[Math.floor((drained.length - 1) / 2)]!, ...held.map(({ ratePerS }) => ratePerS))
}

/**
 * The textbook's law of a receiver before a queue: T ≤ min(R_http, R_queue) / (1 + r). `acceptPerS` is R_http, as the stack
 * accepts with its processor beside it. `queuePerS` is R_queue: what takes effect while a backlog is worked off and nothing
 * comes. r: further attempts and copies for each event, in the trials that the stack held. The law takes for granted that
 * receiving and processing share nothing. Where they share a core, `ofBound` is well below 1.
 */
export function lawOf(
  all: readonly TrialRecord[],
  { interval, atLeastPerS }: Ceiling['accept'],
  { kind, interval: sustained }: Ceiling['found'],
): Ceiling['law'] {
  // Only its lower end is known then.
  if (kind === 'generator-bound') return null
  const acceptPerS = interval?.mid ?? atLeastPerS
  // A stack that was delayed, or did its work twice, is another one.
  const trials = all.filter(({ intervention }) => !intervention)
  const held = trials.filter(({ outcome, purpose }) => outcome === 'passed' && purpose !== 'saturation')
  const queue = queuePerS(trials, held)
  if (acceptPerS === null || queue === null || sustained === null || held.length === 0) return null
  const repeats = held.reduce((sum, { repeatsPerEvent }) => sum + repeatsPerEvent, 0) / held.length
  const boundPerS = Math.min(acceptPerS, queue) / (1 + repeats)
  return { acceptPerS, queuePerS: queue, repeatsPerEvent: repeats, boundPerS, ofBound: sustained.mid / boundPerS }
}
