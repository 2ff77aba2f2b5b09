import { FloodmarkError } from '../../../core/contracts/errors.ts'
import { eventId, orderingKey, seqOf } from '../../plan/identity.ts'
import type { PlannedEvent } from '../../plan/planned-events.ts'
import { type DriftNote, readNotes } from '../../records/drift-notes.ts'
import type { Buried, EffectRecord } from '../../records/effects-file.ts'
import type { Attempt } from '../../records/journal.ts'
import type { FaultMark } from '../../records/marks.ts'
import { replayedIn } from '../../records/replays.ts'
import type { JudgedRun } from '../judged-run.ts'
import type { BadEvent } from './account.ts'
import { badEvents } from './bad-events.ts'

/** All that a run's records say of one event. Times are ms since the start of the run. */
export interface EventLife {
  readonly id: string
  /** undefined: nobody planned it. */
  readonly planned: PlannedEvent | undefined
  readonly source: string | undefined
  readonly key: string | undefined
  readonly attempts: readonly Attempt[]
  /** Sent once more, beside the plan. */
  readonly resent: readonly Attempt[]
  readonly effects: readonly EffectRecord[]
  readonly buried: readonly (Omit<Buried, 'atMs'> & { readonly atMs: number })[]
  /** A replay took it from the dead letters. */
  readonly replayed: boolean
  readonly notes: readonly DriftNote[]
  readonly wrong: readonly BadEvent[]
  /** What went on while it was on its way. */
  readonly beside: readonly FaultMark[]
}

/** `name`: the event's number, or an id: the sender's own, or one as it was stored. @throws FloodmarkError 'misuse' where there is none. */
export function lifeOf(run: JudgedRun, name: string): EventLife {
  const { folder, record, plan, events, planned } = run
  const seq = /^\d+$/.test(name) ? Number(name) : seqOf(record.runId, name)
  const buried = run.buried.filter((one) => (seq === undefined ? one.id === name : one.seq === seq))
  const known = seq !== undefined && seq < planned ? events.at(seq) : undefined
  const is = (one: { readonly seq: number | undefined }) => seq !== undefined && one.seq === seq
  const effects = [...run.effects()].filter(is)
  if (!known && buried.length === 0 && effects.length === 0) {
    const most = `${eventId(record.runId, 0)} to ${eventId(record.runId, planned - 1)}`
    throw new FloodmarkError('misuse', `${folder} has no event '${name}': give a number, or an id from ${most}`)
  }
  const copies = (journal: Iterable<Readonly<Attempt>>) => {
    const found: Attempt[] = []
    for (const one of journal) if (is(one)) found.push({ ...one })
    return found
  }
  const wrong = run.bad.filter((one) => (seq === undefined ? one.id === name : one.seq === seq))
  const life = {
    attempts: copies(run.attempts()),
    resent: copies(run.resent()),
    effects,
    buried: buried.map((one) => ({ ...one, atMs: one.atMs - record.startedAtEpochMs })),
  }
  return {
    id: seq === undefined ? name : eventId(record.runId, seq),
    planned: known,
    source: known && plan.sources[known.provider]!.source,
    key: known && orderingKey(known.key),
    ...life,
    replayed: seq !== undefined && record.replays !== undefined && replayedIn(folder, record.runId).has(seq),
    notes: readNotes(folder).filter(is),
    wrong: [...badEvents(run, wrong)],
    beside: besides(known, life, record.faults),
  }
}

function besides(
  planned: PlannedEvent | undefined,
  { attempts, effects, buried }: Pick<EventLife, 'attempts' | 'effects' | 'buried'>,
  marks: readonly FaultMark[],
): FaultMark[] {
  const ends = [...attempts.map(({ doneMs }) => doneMs), ...[...effects, ...buried].map(({ atMs }) => atMs)]
  const fromMs = planned?.dueMs ?? Math.min(...ends)
  const untilMs = Math.max(fromMs, ...ends)
  return marks.filter((mark) => mark.fromMs <= untilMs && mark.untilMs >= fromMs)
}
