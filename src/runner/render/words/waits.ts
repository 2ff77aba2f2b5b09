import { grouped, interval, ms } from '../../../core/base/words.ts'
import { p99Words, percentileCells } from '../../report/latency/words.ts'
import type { Report } from '../../report/report-schema.ts'

type AllWaits = Report['latency']
type Waits = AllWaits['refused']

/** What was not accepted, each with its name; none of those that are 0. */
export function notAcceptedWords({
  refused,
  unanswered,
  givenUp,
}: Report['notAccepted']): [count: number, of: string][] {
  const all: [number, string][] = [
    [refused, 'attempts refused'],
    [unanswered, 'attempts unanswered'],
    [givenUp, 'events given up'],
  ]
  return all.filter(([count]) => count > 0)
}

/** Lines of the waits for the terminal. */
export function waitLines({
  latency,
  notAccepted,
  target,
}: Pick<Report, 'latency' | 'notAccepted' | 'target'>): string[] {
  const { accepted, refused, event, acceptToEffect, phases } = latency
  const peak = phases.find((phase) => phase.peak)
  const none = notAcceptedWords(notAccepted).map(([count, of]) => `${grouped(count)} ${of}`)
  return [
    `accepted first attempts  ${shortly(accepted.first)}`,
    ...(peak ? [`at the peak (${peak.name})  ${shortly(peak.acceptedFirst)}`] : []),
    // Where nobody tries again, an event is its one attempt.
    ...(event.toAccepted.count === accepted.first.count
      ? []
      : [`accepted events, first due → first 2xx  ${shortly(event.toAccepted)}`]),
    // A target may not tell, or not when.
    ...(target && event.toEffect.count === 0
      ? []
      : [
          `events, first due → effect  ${shortly(event.toEffect)}`,
          `${effectName('first 2xx → effect', acceptToEffect)}  ${shortly(acceptToEffect)}`,
        ]),
    ...(none.length === 0 ? [] : [none.join(', ')]),
    ...(refused.count === 0 ? [] : [`a refusal took  ${shortly(refused)}`]),
  ]
}

/** A sender reads its answer a little after the event was stored; a quick stack has processed it by then. */
function effectName(name: string, { p50, p90, p99 }: Waits): string {
  const isEarly = [p50, p90, p99].some((one) => one !== undefined && one.lowMs < 0)
  return isEarly ? `${name} (below 0: before the sender had read the 2xx)` : name
}

function shortly(of: Waits): string {
  if (of.count === 0) return 'none'
  return `p50 ${of.p50 ? interval(of.p50) : 'too few'}  ${p99Words(of)}  max ${ms(of.maxMs ?? 0)}`
}

/** Rows of the table of percentiles. */
export function familyRows({ latency, sentBy }: Pick<Report, 'latency' | 'sentBy'>): (string | number | null)[][] {
  const { accepted, refused, event, service, lateness, acceptToEffect } = latency
  const families: [string, Waits][] = [
    ['accepted first attempts: due → 2xx', accepted.first],
    ['all accepted attempts: due → 2xx', accepted.all],
    ['refused attempts: due → refusal', refused],
    ['accepted events: first due → first 2xx', event.toAccepted],
    ['events: first due → effect', event.toEffect],
    [effectName('accepted → effect', acceptToEffect), acceptToEffect],
    ['service: sent → answer', service],
    // Another generator's due times are not known.
    ...(sentBy ? [] : [['lateness: due → sent', lateness] as [string, Waits]]),
  ]
  return families.flatMap(([name, of]) => (of.count === 0 ? [] : [[name, ...percentileCells(of)]]))
}

/** The same by phase; empty where a run has one. */
export function phaseRows({ phases }: AllWaits): (string | number | null)[][] {
  if (phases.length < 2) return []
  return phases.flatMap(({ name, peak, acceptedFirst, eventToAccepted, eventToEffect }) => {
    const called = peak ? `${name} (the peak)` : name
    return [
      [`${called}: accepted first attempts`, ...percentileCells(acceptedFirst)],
      [`${called}: events to 2xx`, ...percentileCells(eventToAccepted)],
      // A target may not tell of its effects.
      ...(eventToEffect.count > 0 ? [[`${called}: events to effect`, ...percentileCells(eventToEffect)]] : []),
    ]
  })
}
