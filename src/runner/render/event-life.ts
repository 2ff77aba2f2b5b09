import { oneLine } from '../../core/base/one-line.ts'
import { bytes, ms, seconds } from '../../core/base/words.ts'
import type { EventLife } from '../report/audit/event-life.ts'
import { markWords } from './marks.ts'
import { whatWords } from './words/bad-events.ts'

const at = (atMs: number) => seconds(atMs, 2)

/** All about one event, in the order in which it came about. */
export function eventLife(life: EventLife): string {
  const { id, attempts, resent, effects, buried, replayed, notes, wrong, beside } = life
  const acceptedMs = Math.min(...attempts.filter(({ outcome }) => outcome === 'accepted').map(({ doneMs }) => doneMs))
  const happened: (readonly [ms: number, name: string, words: string])[] = [
    ...attempts.map((one) => [one.sentMs, `attempt ${one.attempt}`, attemptWords(one)] as const),
    ...resent.map((one) => [one.sentMs, 'sent again', attemptWords(one)] as const),
    ...effects.map(({ atMs }) => [atMs, 'effect', `${at(atMs)}${sinceWords(acceptedMs, atMs)}`] as const),
    ...buried.map((one) => [one.atMs, 'dead letter', letterWords(one)] as const),
  ]
  const rows: (readonly [name: string, words: string])[] = [
    ['plan', planWords(life)],
    ...happened.toSorted(([a], [b]) => a - b).map(([, name, words]) => [name, words] as const),
    ...(replayed ? [['replayed', 'it was put back on the queue from the dead letters'] as const] : []),
    ...notes.map(({ outcome, reason }) => ['drift', `${outcome}: ${reason}`] as const),
    ...beside.map((mark) => ['beside', `${markWords(mark)}, ${at(mark.fromMs)} … ${at(mark.untilMs)}`] as const),
    ...(wrong.length === 0
      ? [['wrong', 'nothing'] as const]
      : wrong.map(
          (one) => ['wrong', `${whatWords(one)}${one.effectMs === null ? '' : ` at ${at(one.effectMs)}`}`] as const,
        )),
  ]
  return [`event ${oneLine(id)}`, ...rows.map(([name, words]) => `  ${name.padEnd(12)}${oneLine(words)}`), ''].join(
    '\n',
  )
}

function planWords({ planned, source, key }: EventLife): string {
  if (!planned) return 'nobody planned it'
  const { dueMs, type, bodyBytes, doomed, failsOnce, lostBySender, hasContent, struck, drift } = planned
  const fate = doomed ? 'must end as a dead letter' : 'must take effect once'
  const also = [
    ...(failsOnce ? ['its effect fails on the first try'] : []),
    ...(lostBySender ? ['its sender never sends it: it is to be found in the list'] : []),
    ...(hasContent ? ['it refers to its content'] : []),
    ...(struck ? ['a bug strikes its type'] : []),
    ...(drift ? [`its body drifts: ${drift}`] : []),
  ]
  const what = `due ${at(dueMs)}; ${source} ${type}, key ${key}, body ${bytes(bodyBytes)}`
  return [what, fate, ...also].join('; ')
}

function attemptWords({ sentMs, doneMs, outcome, cause, status }: EventLife['attempts'][number]): string {
  const why = status > 0 ? String(status) : cause === 'none' ? '' : cause
  if (outcome === 'unsent') return `not sent: ${cause}`
  return `sent ${at(sentMs)}, ${outcome}${why && ` (${why})`} after ${ms(doneMs - sentMs)}`
}

function sinceWords(acceptedMs: number, atMs: number): string {
  if (!Number.isFinite(acceptedMs)) return ', never accepted'
  return atMs < acceptedMs
    ? ', before its sender had read the answer'
    : `, ${ms(atMs - acceptedMs)} after it was accepted`
}

function letterWords({ atMs, failures, reason }: EventLife['buried'][number]): string {
  return `${at(atMs)}, after ${failures} ${failures === 1 ? 'failure' : 'failures'}: ${reason}`
}
