import { eventId, orderingKey } from '../../plan/identity.ts'
import type { FaultMark } from '../../records/marks.ts'
import type { JudgedRun } from '../judged-run.ts'
import { type Bad, type BadEvent, WRONGS, type Wrong } from './account.ts'

/** So many stand in a report; all of them in bad-events.jsonl. */
const SHOWN_MAX = 100

interface Times {
  sentMs: number | null
  acceptedMs: number | null
  effectMs: number | null
}

/** Every event of a run that must not be, with its times and what it stood beside. */
export function* badEvents(run: Omit<JudgedRun, 'latency'>, bad: Iterable<Bad> = run.bad): Generator<BadEvent> {
  const { record, plan, planned, events } = run
  const all = [...bad]
  const times = timesOf(run, new Set(all.flatMap(({ seq }) => seq ?? [])))
  for (const { wrong, seq, id, fields, effectMs } of all) {
    const known = seq !== undefined && seq < planned ? events.at(seq) : undefined
    const of = { ...(seq !== undefined ? times.get(seq) : undefined) }
    const dueMs = known?.dueMs ?? null
    const when = {
      dueMs,
      sentMs: of.sentMs ?? null,
      acceptedMs: of.acceptedMs ?? null,
      effectMs: effectMs ?? of.effectMs ?? null,
    }
    yield {
      wrong,
      seq: seq ?? null,
      id: seq === undefined ? (id ?? '') : eventId(record.runId, seq),
      provider: known ? plan.sources[known.provider]!.source : null,
      type: known?.type ?? null,
      key: known ? orderingKey(known.key) : null,
      ...(fields && { fields: [...fields] }),
      ...when,
      beside: besideOf(Object.values(when), record.faults),
    }
  }
}

function timesOf({ attempts, resent, effects }: Pick<JudgedRun, 'attempts' | 'resent' | 'effects'>, seqs: Set<number>) {
  const times = new Map<number, Times>()
  const of = (seq: number): Times => {
    const known = times.get(seq) ?? { sentMs: null, acceptedMs: null, effectMs: null }
    times.set(seq, known)
    return known
  }
  if (seqs.size === 0) return times
  for (const journal of [attempts(), resent()]) {
    for (const { seq, outcome, sentMs, doneMs } of journal) {
      if (!seqs.has(seq) || outcome === 'unsent') continue
      const one = of(seq)
      one.sentMs = Math.min(one.sentMs ?? sentMs, sentMs)
      if (outcome === 'accepted') one.acceptedMs = Math.min(one.acceptedMs ?? doneMs, doneMs)
    }
  }
  for (const { seq, atMs } of effects()) {
    if (seqs.has(seq)) of(seq).effectMs = Math.min(of(seq).effectMs ?? atMs, atMs)
  }
  return times
}

/** What ended or began so many ms from an event may have to do with it. */
const NEAR_MS = 2_000

/** The marks of a time; where there is none, the nearest. */
export function besideOf(moments: readonly (number | null)[], marks: readonly FaultMark[]): BadEvent['beside'] {
  const known = moments.filter((one) => one !== null)
  if (known.length === 0 || marks.length === 0) return []
  const [fromMs, untilMs] = [Math.min(...known), Math.max(...known)]
  const farMs = (mark: FaultMark) => Math.max(0, mark.fromMs - untilMs, fromMs - mark.untilMs)
  const nearestMs = Math.min(...marks.map(farMs))
  if (nearestMs > NEAR_MS) return []
  return marks
    .filter((mark) => farMs(mark) === nearestMs)
    .map(({ kind, fromMs, untilMs }) => ({ kind, fromMs, untilMs }))
}

/** Those that a report shows: as many of each kind of wrong, so that no kind hides another. */
export function shownOf(bad: readonly Bad[]): Bad[] {
  const kinds = Map.groupBy(bad, ({ wrong }) => wrong)
  const shares = new Map<Wrong, number>()
  let room = Math.min(SHOWN_MAX, bad.length)
  for (let each = 0; room > 0; each++) {
    for (const [wrong, all] of kinds) {
      if (room === 0 || all.length <= each) continue
      shares.set(wrong, each + 1)
      room--
    }
  }
  return WRONGS.flatMap((wrong) => (kinds.get(wrong) ?? []).slice(0, shares.get(wrong) ?? 0))
}
