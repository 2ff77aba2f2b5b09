import { p99AtMost } from '../report/latency/judge.ts'
import type { Percentiles } from '../report/latency/percentiles.ts'
import type { Report } from '../report/report-schema.ts'
import type { TrialOutcome } from './trial.ts'

/** Of what is offered, so much must take effect in the same time; below the second share it certainly does not. */
const DONE_SHARE_MIN = 0.99
const DONE_SHARE_LOW = 0.97
/** A trial's load grows until then, as a share of its duration. From then on it is held, and judged. */
export const HOLD_FROM = 0.3

/** The clauses that a load must meet, by what they ask. In the order in which a failure is told. */
export const CLAUSES = ['harm', 'refusals', 'backlog', 'response', 'other'] as const
export type Clause = (typeof CLAUSES)[number]

export interface Judgement {
  readonly outcome: TrialOutcome
  /** The first clause that failed or was undecided; null where all are met. */
  readonly limit: Clause | null
  readonly donePerS: number
  /** Of first attempts that were accepted, from due to the answer, while the load was held; and for how long that was, ms. */
  readonly response: Percentiles
  readonly heldMs: number
  /** Its p99 as it came out, which a soak is not judged by; null where nothing was accepted. */
  readonly sampleP99Ms: number | null
  /** What the outcome would be if any response time were good enough. */
  readonly apartFromResponse: TrialOutcome
}

const REFUSALS: readonly string[] = ['refused']
const RESPONSE: readonly string[] = ['accept-p99', 'event-p99', 'effect-p99']
/** Without these what was offered is not known. A sender that is only late spoils response times and nothing else. */
const OFFERED: readonly string[] = ['generator-rate', 'generator-unsent']

const WATCHED = 'looked-long-enough'

/** What a trial says of its load. `soaks`: it watched the ledger after the last effect, and is judged by whole intervals only. */
export function judge(
  report: Pick<Report, 'checks' | 'timeline' | 'scenario' | 'latency' | 'setup'>,
  { soaks, sampleP99Ms }: { readonly soaks: boolean; readonly sampleP99Ms: number | null },
): Judgement {
  // The whole run's waits have the ramp in them.
  const checks = report.checks.filter(({ id }) => !RESPONSE.includes(id) && (soaks || id !== WATCHED))
  const held = report.latency.phases.at(-1)!
  const heldMs = held.untilMs - held.fromMs
  const { acceptP99Ms, effectP99Ms } = report.setup
  const waits = [
    withinMark(held.acceptedFirst, heldMs, acceptP99Ms, soaks ? null : sampleP99Ms),
    // Without a backlog the effects follow the answers closely.
    withinMark(held.eventToEffect, heldMs, effectP99Ms, soaks ? null : sampleP99Ms),
  ]
  const ofStack = checks.filter(({ about }) => about === 'stack')
  const outcomeOf = (some: typeof checks): TrialOutcome =>
    some.some(({ ok }) => ok === false) ? 'failed' : some.some(({ ok }) => ok === null) ? 'undecided' : 'passed'
  const { donePerS, doneShare } = doneOf(report)
  const clauses: Record<Clause, TrialOutcome> = {
    harm: outcomeOf(ofStack.filter(({ severity }) => severity === 'harm')),
    refusals: outcomeOf(ofStack.filter(({ id }) => REFUSALS.includes(id))),
    backlog: doneShare >= DONE_SHARE_MIN ? 'passed' : doneShare < DONE_SHARE_LOW ? 'failed' : 'undecided',
    response: waits.find((one) => one === 'failed') ?? waits.find((one) => one === 'undecided') ?? 'passed',
    other: outcomeOf(ofStack.filter(({ id, severity }) => severity !== 'harm' && !REFUSALS.includes(id))),
  }
  const isFit = checks.every(({ about, ok }) => about === 'stack' || ok !== false)
  const isOffered = checks.every(({ id, ok }) => !OFFERED.includes(id) || ok !== false)
  const apart = together(
    clauses,
    CLAUSES.filter((clause) => clause !== 'response'),
  )
  const whole = together(clauses, CLAUSES)
  // Too much is too much, even from a sender that was late.
  const isCertain = clauses.harm === 'failed' || (isOffered && apart.outcome === 'failed')
  const invalid = { outcome: 'invalid', limit: null } as const
  return {
    ...(isFit ? whole : isCertain ? apart : invalid),
    donePerS,
    response: held.acceptedFirst,
    heldMs,
    sampleP99Ms,
    apartFromResponse: isFit || isCertain ? apart.outcome : 'invalid',
  }
}

/** The outcome with another limit of the response p99, ms. */
export function outcomeAt(
  {
    apartFromResponse: apart,
    response,
    heldMs,
    sampleP99Ms,
  }: Pick<Judgement, 'apartFromResponse' | 'response' | 'heldMs' | 'sampleP99Ms'>,
  limitMs: number,
): TrialOutcome {
  if (apart === 'invalid' || apart === 'failed') return apart
  const outcome = withinMark(response, heldMs, limitMs, sampleP99Ms)
  return outcome === 'passed' ? apart : outcome
}

/**
 * A trial is short, and often has no p99 with an interval. The search allows for outcomes that are wrong by chance, so there
 * the p99 as it came out decides. A soak is decided by whole intervals.
 */
function withinMark(waits: Percentiles, durationMs: number, markMs: number, sampleP99Ms: number | null): TrialOutcome {
  const { ok } = p99AtMost('held', { ...waits, durationMs }, markMs)
  if (ok !== null) return ok ? 'passed' : 'failed'
  if (sampleP99Ms === null) return 'undecided'
  return sampleP99Ms <= markMs ? 'passed' : 'failed'
}

function together(
  clauses: Readonly<Record<Clause, TrialOutcome>>,
  some: readonly Clause[],
): { readonly outcome: TrialOutcome; readonly limit: Clause | null } {
  for (const outcome of ['failed', 'undecided'] as const) {
    const limit = some.find((clause) => clauses[clause] === outcome)
    if (limit) return { outcome, limit }
  }
  return { outcome: 'passed', limit: null }
}

/** What took effect while the load was held, and its share of what was offered in the same time. */
function doneOf({ timeline: { points, stepMs }, scenario: { durationMs } }: Pick<Report, 'timeline' | 'scenario'>) {
  const counted = points.filter(({ atMs }) => atMs >= durationMs * HOLD_FROM && atMs + stepMs <= durationMs)
  let effects = 0
  let offered = 0
  for (const point of counted) {
    effects += point.effects
    offered += point.offered
  }
  return { donePerS: counted.length > 0 ? effects / counted.length : 0, doneShare: offered > 0 ? effects / offered : 0 }
}
