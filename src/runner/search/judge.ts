import { type AboveLimit, shareAtMost } from '../report/latency/interval.ts'
import { p99AtMost } from '../report/latency/judge.ts'
import type { Percentiles } from '../report/latency/percentiles.ts'
import type { Report } from '../report/report-schema.ts'
import { doneOf, keepsUp, type Later } from './backlog.ts'
import type { TrialOutcome } from './trial.ts'

/** The clauses that a load must meet, by what they ask. In the order in which a failure is told. */
export const CLAUSES = ['harm', 'refusals', 'backlog', 'response', 'effect', 'other'] as const
export type Clause = (typeof CLAUSES)[number]

/** 'sustained': from the request to its effect. 'accept': to the 2xx alone, whatever becomes of the backlog. */
export type Aim = 'sustained' | 'accept'
const CLAUSES_OF: Readonly<Record<Aim, readonly Clause[]>> = {
  sustained: CLAUSES,
  accept: ['harm', 'refusals', 'response', 'other'],
}

/** Whether a load was offered as it should be, and seen to its end: 'late' spoils response times and nothing else. */
export const SENDERS = ['fit', 'late', 'unfit'] as const

/** What a trial says of its load. */
export interface Judgement {
  readonly clauses: Readonly<Record<Clause, TrialOutcome>>
  readonly sender: (typeof SENDERS)[number]
  readonly donePerS: number
  readonly acceptedPerS: number
  /** Of first attempts that were accepted, from due to the answer, while the load was held; and for how long that was, ms. */
  readonly response: Percentiles
  readonly heldMs: number
  /** Its p99 as it came out, which a soak is not judged by; null where nothing was accepted. */
  readonly sampleP99Ms: number | null
}

const REFUSALS: readonly string[] = ['refused']
const RESPONSE: readonly string[] = ['accept-p99', 'event-p99', 'effect-p99']
/** Without these what was offered is not known. */
const OFFERED: readonly string[] = ['generator-rate', 'generator-unsent']
const DRAINED = 'drained'
const LOST = 'lost'
const WATCHED = 'looked-long-enough'
/** A target that told of its effects, and then could not be asked. */
const FOLLOWED = 'effects-followed'

interface Held {
  /** It watched the ledger after the last effect, and its p99 as it came out does not decide. */
  readonly soaks: boolean
  readonly sampleP99Ms: number | null
  /** Of first attempts that were accepted while the load was held, what took longer than the mark. */
  readonly aboveMark: AboveLimit
}

/** Judges a trial's run. */
export function judge(
  report: Pick<Report, 'checks' | 'timeline' | 'scenario' | 'latency' | 'setup' | 'target'>,
  { soaks, sampleP99Ms, aboveMark }: Held,
): Judgement {
  const isDrained = report.checks.every(({ id, ok }) => id !== DRAINED || ok !== false)
  const checks = report.checks.filter(({ id }) => {
    // The whole run's waits have the ramp in them. What was still in the queue when patience was over is no loss.
    return !RESPONSE.includes(id) && (soaks || id !== WATCHED) && (isDrained || id !== LOST)
  })
  const held = report.latency.phases.at(-1)!
  const heldMs = held.untilMs - held.fromMs
  const { acceptP99Ms, effectP99Ms } = report.setup
  const response = withinMark(held.acceptedFirst, heldMs, acceptP99Ms, soaks ? null : sampleP99Ms)
  // A target may tell nothing of its effects, or not when they took place. Whether any is missing is for another clause to say.
  const isTimed = report.target === undefined || held.eventToEffect.count > 0
  const ofStack = checks.filter(({ about }) => about === 'stack')
  const outcomeOfChecks = (some: typeof checks): TrialOutcome =>
    some.some(({ ok }) => ok === false) ? 'failed' : some.some(({ ok }) => ok === null) ? 'undecided' : 'passed'
  // Of a target that tells no times, what it accepted is all that is known to be done by then.
  const done = doneOf(
    report,
    isTimed ? 'effects' : 'accepted',
    laterIn(isTimed ? held.eventToEffect : held.acceptedFirst),
  )
  // A target that cannot be asked to the end may have done more than is known.
  const isTold = checks.every(({ id, ok }) => id !== FOLLOWED || ok === true)
  const isNamed = (id: string) => REFUSALS.includes(id) || id === DRAINED
  return {
    clauses: {
      harm: outcomeOfChecks(ofStack.filter(({ severity }) => severity === 'harm')),
      refusals: outcomeOfChecks(ofStack.filter(({ id }) => REFUSALS.includes(id))),
      backlog: !isTold ? 'undecided' : isDrained ? keepsUp(done) : 'failed',
      response: soaks ? soakedWithin(response, aboveMark) : response,
      // Effects follow the answers closely where there is no backlog, and the mark is wide: here the interval decides, or nothing.
      effect: !isTold ? 'undecided' : isTimed ? withinMark(held.eventToEffect, heldMs, effectP99Ms, null) : 'passed',
      other: outcomeOfChecks(ofStack.filter(({ id, severity }) => severity !== 'harm' && !isNamed(id))),
    },
    // As where the sender was late, only what fails for certain counts.
    sender: isTold ? senderOf(checks) : 'late',
    donePerS: done.donePerS,
    acceptedPerS: done.acceptedPerS,
    response: held.acceptedFirst,
    heldMs,
    sampleP99Ms,
  }
}

function laterIn({ p50, meanMs = 0, maxMs = 0 }: Percentiles): Later {
  return { middleMs: p50?.ms ?? meanMs, mostMs: maxMs }
}

function senderOf(checks: Report['checks']): Judgement['sender'] {
  const failed = checks.filter(({ about, ok }) => about !== 'stack' && ok === false)
  if (failed.length === 0) return 'fit'
  return failed.some(({ id }) => OFFERED.includes(id)) ? 'unfit' : 'late'
}

interface Asked {
  readonly aim?: Aim
  /** Another limit of the response p99, ms. Infinity: any will do. */
  readonly limitMs?: number
}

/** What a trial comes to, and the first clause that failed or was undecided; null where all are met. */
export function outcomeOf(
  { clauses, sender, response, heldMs, sampleP99Ms }: Omit<Judgement, 'donePerS' | 'acceptedPerS'>,
  { aim = 'sustained', limitMs }: Asked = {},
): { readonly outcome: TrialOutcome; readonly limit: Clause | null } {
  const asked =
    limitMs === undefined ? clauses : { ...clauses, response: withinMark(response, heldMs, limitMs, sampleP99Ms) }
  const whole = together(asked, CLAUSES_OF[aim])
  if (sender === 'fit') return whole
  // Too much is too much, even from a sender that was late; and harm is harm.
  const apart = together(
    asked,
    CLAUSES_OF[aim].filter((clause) => clause !== 'response'),
  )
  const isCertain = clauses.harm === 'failed' || (sender === 'late' && apart.outcome === 'failed')
  return isCertain ? apart : { outcome: 'invalid', limit: null }
}

/**
 * A trial is short, and often has no p99 with an interval. The search allows for outcomes that are wrong by chance, so there
 * the p99 as it came out decides.
 */
function withinMark(waits: Percentiles, durationMs: number, markMs: number, sampleP99Ms: number | null): TrialOutcome {
  const { ok } = p99AtMost('held', { ...waits, durationMs }, markMs)
  if (ok !== null) return ok ? 'passed' : 'failed'
  if (sampleP99Ms === null) return 'undecided'
  return sampleP99Ms <= markMs ? 'passed' : 'failed'
}

/** A soak without a p99 holds where too few were above the mark, even if as many more episodes of them had come as chance allows. */
function soakedWithin(response: TrialOutcome, aboveMark: AboveLimit): TrialOutcome {
  return response === 'undecided' && shareAtMost(aboveMark) <= ABOVE_MAX ? 'passed' : response
}
/** What a p99 leaves above it. */
const ABOVE_MAX = 0.01

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
