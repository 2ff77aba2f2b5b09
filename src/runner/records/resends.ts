import { join } from 'node:path'
import { attempts } from './attempts.ts'
import type { ResendRecord } from './facts.ts'
import type { Attempt } from './journal.ts'
import { readJournal } from './journal.ts'
import type { FaultMark } from './marks.ts'
import type { RunRecord } from './run-record.ts'

export const journalOf = (folder: string, index: number) => join(folder, `resent-${index}.bin`)

/** Marks for the report's time axis. */
export function resendMarks(resends: readonly ResendRecord[]): FaultMark[] {
  return resends.map(({ fromMs, certificate: { sent: events, endedAtMs: untilMs } }) => ({
    kind: 'recorded-replay',
    events,
    fromMs,
    untilMs,
  }))
}

/** Every attempt at sending an event again. */
export function* resentAttempts(
  folder: string,
  { resends = [] }: Pick<RunRecord, 'resends'>,
  planned: number,
): Generator<Readonly<Attempt>> {
  for (const index of resends.keys()) {
    for (const attempt of readJournal(journalOf(folder, index))) if (attempt.seq < planned) yield attempt
  }
}

/** Every attempt, also those of events that were sent again: an event may be accepted only then. For the audit. */
export function* everyAttempt(folder: string, record: RunRecord, planned: number): Generator<Readonly<Attempt>> {
  yield* attempts(folder, record.certificates.length, planned)
  yield* resentAttempts(folder, record, planned)
}
