import { grouped, inWords, ms, perS } from '../../../core/base/words.ts'
import type { Check, CheckValues } from '../../report/check.ts'
import { type CommonCheckId, restsOnEffects } from '../../report/checks.ts'
import type { Report } from '../../report/report-schema.ts'
import { althoughWords } from './although.ts'
import { sayCheck } from './checks.ts'
import { isFollowed } from './run.ts'

/** What a run means, for somebody who knows none of our words. */
export function firstSentence(report: Report): string {
  const { verdict, interrupted } = report
  const cut = interrupted ? 'The run was cut short. ' : ''
  const why = causesOf(report).map(({ text }) => text)
  if (verdict === 'PASS') return passed(report)
  if (verdict === 'FAIL') return `${cut}${onThis(report)} the stack failed: ${why.join('; ')}. ${sentWords(report)}.`
  if (verdict === 'INVALID') return `${cut}This run says nothing about the stack: ${why.join('; ')}.`
  return `${cut}This run does not decide: ${why.join('; ')}. ${sentWords(report)}.`
}

const onThis = ({ environment }: Report) => `On this ${environment.cores}-core machine`
const upTo = ({ setup }: Report) => `up to ${grouped(setup.peakPerS)} a second`

function sentWords(report: Report): string {
  return `It was sent ${grouped(report.audit.planned)} webhooks, ${upTo(report)}${althoughWords(report, '; meanwhile ')}`
}

function passed(report: Report): string {
  const { audit, setup } = report
  const taken = audit.applied + audit.buried
  const all = taken === audit.planned ? `${grouped(taken)}` : `${grouped(taken)} of ${grouped(audit.planned)}`
  if (!isFollowed(report)) {
    const took = `The stack at ${report.target?.address} accepted ${grouped(audit.unfollowed)} of ${grouped(audit.planned)} webhooks, ${upTo(report)}`
    return `${took}; ${answeredWords(report)} (${ms(setup.acceptP99Ms)} allowed). Whether it kept what it accepted is not known.`
  }
  const none = taken === audit.planned ? 'lost none' : 'lost none of these'
  const took = `${onThis(report)} the stack took ${all} webhooks, ${upTo(report)}, and ${none}${althoughWords(report)}`
  return [`${took}; ${answeredWords(report)} (${ms(setup.acceptP99Ms)} allowed).`, ...besideWords(report)].join(' ')
}

/** Where some were not taken at the first try, the times are those of the others, and the sentence says so. */
function answeredWords({ latency, audit }: Report): string {
  const peak = latency.phases.find((phase) => phase.peak)
  const { p99, maxMs } = peak?.acceptedFirst ?? latency.accepted.first
  if (maxMs === undefined && !p99) return 'nothing was answered'
  const where = peak ? ' at the peak' : ''
  const { count } = latency.accepted.first
  const isAll = count >= audit.planned - audit.unsent - audit.found
  const some =
    isAll || count === audit.applied + audit.buried ? '' : `${grouped(count)} were taken at the first try, and `
  const of = isAll ? '' : ' of these'
  if (p99) return `${some}99 of 100${of}${where} were answered within ${ms(p99.ms)}`
  return `${some}the slowest${of}${where} was answered after ${ms(maxMs!)}`
}

/** What became of those that did not simply take effect. */
function besideWords({ audit }: Report): string[] {
  const { refused, unknown, buried, found } = audit
  const said = (count: number, one: string, many: string) =>
    count === 0 ? [] : [count === 1 ? `1 ${one}.` : `${grouped(count)} ${many}.`]
  return [
    ...said(
      refused + unknown,
      'event was refused or had no answer, and its sender gave it up: this scenario allows it',
      'events were refused or had no answer, and their senders gave them up: this scenario allows it',
    ),
    ...said(
      buried,
      'event failed for good, as planned, and is kept as a dead letter',
      'events failed for good, as planned, and are kept as dead letters',
    ),
    ...said(
      found,
      'webhook was never sent, and was found in the provider’s list',
      'webhooks were never sent, and were found in the provider’s list',
    ),
  ]
}

/** Why a run did not pass, and what to do about it. */
export interface Reason {
  readonly id: string
  readonly text: string
  /** Absent: the report below says what is known. */
  readonly todo?: string
}

/** What decided the verdict, harm first; nothing where it is PASS. */
export function causesOf({ verdict, checks }: Pick<Report, 'verdict' | 'checks'>): Reason[] {
  const decided = checks.filter(({ ok, about }) => {
    if (verdict === 'INVALID') return ok === false && about === 'generator'
    return verdict === 'INDETERMINATE' ? ok === null : ok === false && verdict === 'FAIL'
  })
  // What was lost never takes effect: of course there was no end of it.
  const isLost = decided.some(({ id }) => id === 'lost')
  // And where the target could not be asked, that says all about the effects.
  const isUnread = decided.some(({ id }) => id === 'effects-followed')
  const own = decided.filter(({ id, ok }) =>
    isUnread ? ok !== null || !restsOnEffects(id) : !isLost || id !== 'drained',
  )
  const harmFirst = own.toSorted((a, b) => Number(b.severity === 'harm') - Number(a.severity === 'harm'))
  return harmFirst.map((check) => {
    const todo = todoOf(check)
    return { id: check.id, text: plain(check), ...(todo !== undefined && { todo }) }
  })
}

/** What to do about all of it, each advice once. */
export function todosOf(report: Pick<Report, 'verdict' | 'checks'>): string[] {
  return [...new Set(causesOf(report).flatMap(({ todo }) => todo ?? []))]
}

type Plain = (values: CheckValues, measured: string, wanted: string) => string
const some = ({ measured }: CheckValues) => amount(measured) ?? 0
const events = (values: CheckValues) => `${grouped(some(values))} ${some(values) === 1 ? 'event' : 'events'}`

const PLAIN: Readonly<
  Partial<Record<CommonCheckId | 'run-whole' | 'effects-followed' | 'connections-waiting', Plain>>
> = {
  lost: (values) => `it lost ${events(values)} that it had accepted`,
  altered: (values) =>
    `${events(values)} took effect, or ${some(values) === 1 ? 'is' : 'are'} kept, otherwise than signed`,
  'double-effects': (values) =>
    `${grouped(some(values))} ${some(values) === 1 ? 'effect' : 'effects'} took place twice`,
  'effects-never-sent': (values) => `${events(values)} took effect that nobody had sent`,
  'out-of-order': (values) => `${events(values)} took effect out of order`,
  refused: (values) => `${events(values)} ${some(values) === 1 ? 'was' : 'were'} refused or had no answer`,
  'process-deaths': (values) =>
    some(values) === 1 ? 'a process ended by itself' : `processes ended by themselves, ${grouped(some(values))} times`,
  'accept-p99': slow('answers'),
  'event-p99': slow('events, counted until they were accepted,'),
  'effect-p99': slow('events, counted until their effect,'),
  drained: (_, measured, wanted) => `it worked on the backlog for ${measured} after the last event (${wanted})`,
  'generator-rate': (_, measured) => `only ${measured} of the load was sent`,
  'generator-lateness': (_, measured, wanted) =>
    `the sender itself was late, 1 in 100 by ${measured} or more (${wanted})`,
  'generator-event-loop': (_, measured) => `the sender was busy ${measured} of the time, too much to be on time`,
  'generator-unsent': (_, measured) => `the sender did not come to send everything (${measured})`,
  'run-whole': () => 'it was interrupted',
  'effects-followed': () =>
    'the target could not be asked for its effects any more, so what became of the others is not known',
  'connections-waiting': (_, measured) =>
    `every connection waited for an answer, so more could not be sent (${measured})`,
}

function slow(of: string): Plain {
  return (values, measured, wanted) => {
    if (values.measured !== 'too-few-episodes') return `1 in 100 ${of} took ${measured} or more (${wanted})`
    return values.slowest === undefined
      ? `of ${of} there were none`
      : `too few slow ${of} were seen to tell how long 1 in 100 takes (the slowest took ${inWords(values.slowest)}; wanted is ${wanted})`
  }
}

function plain(check: Check): string {
  const { title, measured, wanted } = sayCheck(check)
  const own = PLAIN[check.id as keyof typeof PLAIN]
  if (!own) return `${title}: ${measured}, wanted ${wanted}`
  const { measured: value } = check.values
  return own(check.values, typeof value === 'object' ? inWords(value) : measured, wanted)
}

const SLOWER = 'Find what it does hold: npm run ceiling. Then lower --rate, or give the stack more.'
const SEE = 'The events are named below, with the fault beside each. Until it is mended, do not ship this stack.'
const BEHIND =
  'The processor is behind, as the charts Backlog and Age of the report show. Add processes, or make the effect quicker.'
const REMEDIES: Readonly<Record<string, string>> = {
  lost: SEE,
  altered: SEE,
  'double-effects': SEE,
  'effects-never-sent': SEE,
  'out-of-order': SEE,
  refused: SLOWER,
  'accept-p99': SLOWER,
  'event-p99': SLOWER,
  'effect-p99': BEHIND,
  drained: BEHIND,
  'process-deaths': 'The errors stand at the end of the report.',
  'run-whole': 'Run it to its end.',
  'effects-followed':
    'Why stands with the errors at the end of the report. Let --effects answer until the run is over.',
}

/** For what is undecided: more of the same decides it. */
function todoOf(check: Check): string | undefined {
  const { remedy } = sayCheck(check)
  if (check.ok !== null) return remedy ?? REMEDIES[check.id]
  const longerMs = amount(check.values.wouldTake)
  if (longerMs !== undefined)
    return `A run of some ${grouped(longerMs / 1_000)} s decides it: --duration ${Math.ceil(longerMs / 1_000)}s.`
  return REMEDIES[check.id] ?? 'Run it longer, or several times and compare: npm run compare.'
}

function amount(value: CheckValues[string] | undefined): number | undefined {
  if (typeof value !== 'object') return undefined
  return 'value' in value ? value.value : value.count
}

/** The rates of the bar: what was asked for, what was shown, and the ceiling where one is known. Events a second. */
export interface Proven {
  readonly neededPerS: number
  /** null: an INVALID run shows nothing. */
  readonly provenPerS: number | null
}

/** A few that were refused beside so many that were taken make no other rate. */
const NEARLY_ALL = 0.99

export function provenOf({ verdict, setup, latency, timeline, audit }: Report): Proven {
  const neededPerS = setup.peakPerS
  if (verdict === 'INVALID') return { neededPerS, provenPerS: null }
  const isAllTaken = audit.refused + audit.unknown === 0
  if (verdict === 'PASS' && isAllTaken) return { neededPerS, provenPerS: neededPerS }
  const { fromMs, untilMs } = latency.phases.find(({ peak }) => peak) ?? { fromMs: 0, untilMs: setup.durationMs }
  const points = timeline.points.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs)
  const accepted = points.reduce((sum, point) => sum + point.accepted, 0) / Math.max(1, points.length)
  if (verdict === 'PASS') {
    const offered = points.reduce((sum, point) => sum + point.offered, 0) / Math.max(1, points.length)
    const share = offered > 0 ? accepted / offered : 1
    return { neededPerS, provenPerS: share > NEARLY_ALL ? neededPerS : neededPerS * share }
  }
  return { neededPerS, provenPerS: Math.min(accepted, neededPerS) }
}

export function provenWords(
  { neededPerS, provenPerS }: Proven,
  soakedPerS: number | undefined,
  verdict: Report['verdict'],
): string {
  const shown =
    provenPerS === null
      ? 'nothing proven'
      : verdict === 'PASS'
        ? provenPerS < neededPerS
          ? `accepted ${perS(provenPerS)} on average: this scenario allows to refuse some`
          : `proven ${perS(provenPerS)}`
        : `accepted ${perS(provenPerS)}, not proven`
  return `needed ${perS(neededPerS)} · ${shown}${soakedPerS === undefined ? '' : ` · a search for the ceiling soaked ${perS(soakedPerS)}`}`
}
