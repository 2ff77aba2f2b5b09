import type { Belief, RateInterval } from './belief.ts'
import type { Ceiling, TrialRecord } from './ceiling-schema.ts'
import { costsOf } from './cost.ts'
import { countedOf, hintPerS, OF_CEILING } from './hint.ts'
import { type Aim, type Clause, outcomeOf } from './judge.ts'
import { lawOf } from './law.ts'
import { beliefOf } from './search.ts'
import type { Trial, TrialOutcome } from './trial.ts'

/** Limits of the response p99 by which the same trials are judged as well, ms. */
export const LIMITS_MS = [10, 25, 50, 100, 200] as const
/** Beyond this an interval says no more than that nothing is known, high / low. */
const RATIO_SAYING_NOTHING = 3
/** Beyond this an interval is too wide to set a ceiling beside another figure, high / low. */
const KNOWN_RATIO_MAX = 1.5
/** That the ceiling moved once, at any moment, must be so many times as likely as one ceiling for all trials. */
const MOVED_TIMES = 5
/** Nothing is said of drift with fewer trials. */
const TRIALS_MIN = 8
/** CPU time of an event at the anchor load: beyond this ratio the machine is another one, however quiet it was. */
const CPU_RATIO_MAX = 1.3

type Derived = Pick<
  Ceiling,
  'posterior' | 'limit' | 'accept' | 'law' | 'byLimit' | 'criticalPerS' | 'withoutLimit' | 'costs' | 'drifted'
>

/** What the trials of a search say beside the ceiling itself. */
export function answerOf(trials: readonly TrialRecord[], found: Ceiling['found']): Derived {
  const byLimit = LIMITS_MS.map((limitMs) => ({ limitMs, interval: intervalAt(trials, { limitMs }) }))
  const rates = byLimit.map(({ interval }) => interval?.mid)
  const isWhole = rates.every((rate) => rate !== undefined)
  const criticalPerS = isWhole ? Math.exp(rates.reduce((sum, rate) => sum + Math.log(rate), 0) / rates.length) : null
  const accept = acceptOf(trials)
  return {
    posterior: posteriorOf(trials),
    limit: limitOf(trials),
    accept,
    law: lawOf(trials, accept, found),
    byLimit,
    criticalPerS,
    withoutLimit: intervalAt(trials, { limitMs: Number.POSITIVE_INFINITY }),
    costs: costsOf(trials, knownPerS(found)),
    drifted: driftOf(trials),
  }
}

/** So many points make a curve. */
const CURVE_POINTS_MAX = 80

/** What a search's trials say of its ceiling; undefined: none counted. */
export function ceilingBelief(trials: readonly TrialRecord[]): Belief | undefined {
  const counted = countedOf(trials)
  return counted.length === 0 ? undefined : beliefOf(counted, hintPerS(trials))
}

function posteriorOf(trials: readonly TrialRecord[]): Ceiling['posterior'] {
  const curve = ceilingBelief(trials)?.curve() ?? []
  const every = Math.max(1, Math.ceil(curve.length / CURVE_POINTS_MAX))
  return curve.filter((_, at) => at % every === 0)
}

/** What is known to hold where the ceiling is out of the sender's reach, else the ceiling. */
export function knownPerS({ kind, interval, soakedPerS }: Ceiling['found']): number | undefined {
  return kind === 'generator-bound' ? (soakedPerS ?? interval?.low) : interval?.mid
}

/** Whether a ceiling was found, and is known so well that it may stand beside another figure. */
export function isKnownWell({ kind, interval }: Ceiling['found']): boolean {
  if (!interval || (kind !== 'found' && kind !== 'budget-over')) return false
  return interval.high <= interval.low * KNOWN_RATIO_MAX
}

/** Trials as those of another ceiling than that of the search. */
export function trialsFor(trials: readonly TrialRecord[], asked: { readonly aim?: Aim; readonly limitMs?: number }) {
  return trials
    .filter(({ purpose, intervention }) => purpose !== 'saturation' && !intervention)
    .map((trial) => ({ ...trial, outcome: outcomeOf(trial, asked).outcome }))
}

/** The most that was accepted while far too much was offered: about the ceiling of what is accepted. */
export function acceptHintPerS(trials: readonly TrialRecord[]): number {
  const accepted = trials.filter(({ purpose }) => purpose === 'saturation').map(({ acceptedPerS }) => acceptedPerS)
  return Math.max(1, ...accepted)
}

function acceptOf(trials: readonly TrialRecord[]): Ceiling['accept'] {
  const judged = trialsFor(trials, { aim: 'accept' }).filter(({ outcome }) => outcome !== 'invalid')
  const passed = judged.filter(({ outcome }) => outcome === 'passed').map(({ ratePerS }) => ratePerS)
  if (passed.length === 0) return { interval: null, atLeastPerS: null }
  const interval = ifKnown(beliefOf(judged, acceptHintPerS(trials)).published(), judged)
  return { interval, atLeastPerS: interval ? null : Math.max(...passed) }
}

function intervalAt(trials: readonly TrialRecord[], asked: Parameters<typeof trialsFor>[1]): RateInterval | null {
  const judged = trialsFor(trials, asked).filter(({ outcome }) => outcome !== 'invalid')
  return ifKnown(beliefOf(judged, hintPerS(trials)).published(), judged)
}

/**
 * An interval that its trials tell of: one of them passed, one failed, and its ends are near enough to each other. Otherwise null: the
 * interval may be what was believed before any trial.
 */
export function ifKnown(interval: RateInterval, trials: readonly Pick<Trial, 'outcome'>[]): RateInterval | null {
  const isThere = (wanted: TrialOutcome) => trials.some(({ outcome }) => outcome === wanted)
  const isTold = isThere('passed') && isThere('failed') && interval.high / interval.low <= RATIO_SAYING_NOTHING
  return isTold ? interval : null
}

/** The clause that failed most often; of two the one that is told first. */
function limitOf(trials: readonly TrialRecord[]): Clause | null {
  const counts = new Map<Clause, number>()
  for (const { outcome, limit } of countedOf(trials)) {
    if (outcome === 'failed' && limit) counts.set(limit, (counts.get(limit) ?? 0) + 1)
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null
}

/**
 * Whether the ceiling moved while it was measured: asked of the trials themselves, since a p50 at half of the ceiling differs by
 * half from run to run on a quiet machine and says little of it.
 */
function driftOf(trials: readonly TrialRecord[]): boolean | null {
  const anchors = trials.filter(({ purpose, outcome }) => purpose === 'anchor' && outcome !== 'invalid')
  const counted = countedOf(trials)
  if (anchors.length < 2 || counted.length < TRIALS_MIN) return null
  const cpu = anchors.map(({ cpuPer1000 }) => Object.values(cpuPer1000).reduce((sum, one) => sum + one, 0))
  return timesMoved(counted, hintPerS(trials)) > MOVED_TIMES || Math.max(...cpu) > CPU_RATIO_MAX * Math.min(...cpu)
}

/** How much likelier the trials are with another ceiling from some moment on than with one, over all such moments. */
function timesMoved(counted: readonly TrialRecord[], nearPerS: number): number {
  const before = evidences(counted, nearPerS)
  const after = evidences(counted.toReversed(), nearPerS).toReversed()
  const whole = before.at(-1)!
  const moments = before.slice(0, -1).map((ln, at) => Math.exp(ln + after[at + 1]! - whole))
  return moments.reduce((sum, times) => sum + times, 0) / moments.length
}

/** The logarithm of the evidence of the first trial, of the first two, and so on. */
function evidences(counted: readonly TrialRecord[], nearPerS: number): number[] {
  const belief = beliefOf([], nearPerS)
  return counted.map(({ ratePerS, outcome }) => {
    belief.observe(ratePerS, outcome)
    return belief.logEvidence()
  })
}

/** Of the highest load that might be offered so much must have held. */
const NEAR_MAX = 0.9

/** Whether a stack held the highest load that a person let the search offer, with no sender late above what it held. */
export function heldMaxRate({ ratePerSMax, trials }: Pick<Ceiling, 'ratePerSMax' | 'trials'>): boolean {
  const loads = trials.filter(({ purpose }) => OF_CEILING.includes(purpose))
  const held = Math.max(0, ...loads.filter(({ outcome }) => outcome === 'passed').map(({ ratePerS }) => ratePerS))
  const isLate = loads.some((one) => one.outcome === 'invalid' && (one.ratePerS > held || one.purpose === 'soak'))
  return ratePerSMax !== undefined && held >= ratePerSMax * NEAR_MAX && !isLate
}
