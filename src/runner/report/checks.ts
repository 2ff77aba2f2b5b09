import { type Check, check, counted, generatorCheck, inMs, none, share } from './check.ts'
import type { CommonReport } from './common-schema.ts'
import type { JudgedRun } from './judged-run.ts'
import { p99AtMost } from './latency/judge.ts'

/** Limits of the generator's own health: beyond them the numbers say nothing about the stack. */
const ACHIEVED_MIN = 0.995
/** Of the pass mark, and of what was measured: a figure that is mostly the generator's own is not the stack's. */
const LATENESS_OF_MARK_MAX = 0.1
const LATENESS_OF_MEASURED_MAX = 0.5
/** So late is a process now and then on any machine that does something else as well, ms; and so little of a mark decides nothing. */
const LATENESS_ANYWHERE_MS = 5
const LATENESS_OF_MARK_NOTHING = 0.01
const EVENT_LOOP_MAX = 0.8

/** Another generator does not tell these of itself. */
const OWN_ONLY: readonly CommonCheckId[] = ['generator-lateness', 'generator-event-loop']

export type CommonCheckId =
  | 'generator-rate'
  | 'generator-lateness'
  | 'generator-event-loop'
  | 'generator-unsent'
  | 'lost'
  | 'altered'
  | 'double-effects'
  | 'effects-never-sent'
  | 'differing-copies'
  | 'dead-letters-misjudged'
  | 'out-of-order'
  | 'refused'
  | 'process-deaths'
  | 'accept-p99'
  | 'event-p99'
  | 'effect-p99'
  | 'drained'

/** Checks that rest on all effects. Those that some of them can fail stay failed whatever the others were. */
const ON_EFFECTS: Readonly<Record<string, 'may-fail-by-some' | 'by-all'>> = {
  lost: 'by-all',
  altered: 'may-fail-by-some',
  'double-effects': 'may-fail-by-some',
  'effects-never-sent': 'may-fail-by-some',
  'dead-letters-misjudged': 'may-fail-by-some',
  'dead-letters-unplanned': 'may-fail-by-some',
  'undisturbed-by-recorded-replay': 'by-all',
  'effect-p99': 'by-all',
  drained: 'by-all',
}

export const restsOnEffects = (id: string): boolean => Object.hasOwn(ON_EFFECTS, id)

/** Of a run whose target stopped telling of its effects: what it might have told of is not known. */
export function asFarAsTold<Made extends Check>(made: Made): Made {
  const on = ON_EFFECTS[made.id]
  const stands = on === undefined || (on === 'may-fail-by-some' && made.ok === false)
  return stands ? made : { ...made, ok: null }
}

type Measured = Pick<CommonReport, 'audit' | 'latency' | 'generator' | 'durability' | 'tookMs' | 'setup'>

/** The checks of every run: of what is not known there is none. */
export function checksOf(
  { audit, latency, generator, durability, tookMs, setup }: Measured,
  {
    sampleP99Ms,
    scenario: { passes, retries },
    record: { drained, interrupted, unplannedDeaths, target, sentBy },
    followed,
  }: Pick<JudgedRun, 'sampleP99Ms' | 'scenario' | 'record' | 'followed'>,
): Check<CommonCheckId>[] {
  const isOurs = target === undefined
  const ordered = (durability?.queue.order ?? 'none') !== 'none'
  // Whoever ends a run early leaves it no time to drain and to be answered: what is missing then says nothing of the stack.
  const cut = (made: Check<CommonCheckId>) => (interrupted && made.ok === false ? { ...made, ok: null } : made)
  const refused = none('refused', audit.refused + audit.unknown)
  return [
    ...generatorChecks(audit, generator, latenessMaxMs(setup.acceptP99Ms, sampleP99Ms)).filter(
      ({ id }) => sentBy === undefined || !OWN_ONLY.includes(id),
    ),
    ...(followed
      ? [
          drained ? none('lost', audit.lost, 'harm') : cut(none('lost', audit.lost, 'harm')),
          alteredCheck(audit),
          none('double-effects', audit.duplicateEffects, 'harm'),
          none('effects-never-sent', audit.unexpected, 'harm'),
          none('dead-letters-misjudged', audit.misjudged),
        ]
      : []),
    ...(isOurs ? [none('differing-copies', audit.differingCopies)] : []),
    ...(ordered ? [none('out-of-order', audit.reordered, 'harm')] : []),
    ...(passes.refusals === 'allowed' ? [] : [audit.refused > 0 ? refused : cut(refused)]),
    ...(isOurs ? [none('process-deaths', unplannedDeaths)] : []),
    ...latencyChecks(latency, setup, retries !== undefined || passes.eventP99Ms !== undefined),
    ...(followed
      ? [
          cut(
            check('drained', drained && tookMs.draining <= passes.drainMs, {
              measured: inMs(tookMs.draining),
              atMost: inMs(passes.drainMs),
            }),
          ),
        ]
      : []),
  ]
}

/** How late the generator may be, ms, its p99, beside the pass mark and the p99 that was measured. */
export function latenessMaxMs(markMs: number, measuredMs: number | undefined): number {
  const ofMark = LATENESS_OF_MARK_MAX * markMs
  if (measuredMs === undefined) return ofMark
  const anywhereMs = Math.max(LATENESS_ANYWHERE_MS, LATENESS_OF_MARK_NOTHING * markMs)
  return Math.min(ofMark, Math.max(anywhereMs, LATENESS_OF_MEASURED_MAX * measuredMs))
}

function generatorChecks(
  audit: Measured['audit'],
  { achievedRatio, gaveUp, latenessP99Ms, eventLoopUtilization, ...generator }: Measured['generator'],
  lateMaxMs: number,
): Check<CommonCheckId>[] {
  const { waiting } = generator
  // Events that the sender loses by plan are not the generator's failure, nor those that the stack kept from being sent.
  const unsentEvents = Math.max(0, audit.unsent - audit.neverFound - waiting.events)
  const unsentRetries = generator.unsentRetries - waiting.retries
  return [
    generatorCheck('generator-rate', achievedRatio >= ACHIEVED_MIN && !gaveUp, {
      measured: share(achievedRatio),
      atLeast: share(ACHIEVED_MIN),
    }),
    generatorCheck('generator-lateness', latenessP99Ms <= lateMaxMs, {
      measured: inMs(latenessP99Ms),
      atMost: inMs(lateMaxMs),
    }),
    generatorCheck('generator-event-loop', eventLoopUtilization <= EVENT_LOOP_MAX, {
      measured: share(eventLoopUtilization),
      atMost: share(EVENT_LOOP_MAX),
    }),
    generatorCheck('generator-unsent', unsentEvents + unsentRetries === 0, {
      events: counted(unsentEvents),
      retries: counted(unsentRetries),
      exactly: counted(0),
    }),
  ]
}

/** Each event that took effect, or is kept, is as it was signed; counted by what was another about it. */
function alteredCheck({ altered, alteredFields }: Measured['audit']): Check<'altered'> {
  const fields = Object.entries(alteredFields).filter(([, found]) => found > 0)
  const byField = Object.fromEntries(fields.map(([field, found]) => [field, counted(found)]))
  return check('altered', altered === 0, { measured: counted(altered), exactly: counted(0), ...byField }, 'harm')
}

/** Attempts and events apart: where nobody tries again, an event is its one attempt. */
function latencyChecks(
  { accepted, event }: Measured['latency'],
  { acceptP99Ms, eventP99Ms, effectP99Ms, durationMs }: Measured['setup'],
  eventsApart: boolean,
): Check<CommonCheckId>[] {
  return [
    p99AtMost('accept-p99', { ...accepted.first, durationMs }, acceptP99Ms),
    ...(eventsApart ? [p99AtMost('event-p99', { ...event.toAccepted, durationMs }, eventP99Ms)] : []),
    ...(event.toEffect.count > 0 ? [p99AtMost('effect-p99', { ...event.toEffect, durationMs }, effectP99Ms)] : []),
  ]
}
