import type { Attempt } from './journal.ts'
import { readJournal } from './journal.ts'
import { journalPath } from './run-record.ts'

/** What was planned until the run was cut short, when it was: a sender may have sent a little longer than another. */
export function* attempts(folder: string, senders: number, planned: number): Generator<Readonly<Attempt>> {
  for (let sender = 0; sender < senders; sender++) {
    for (const attempt of readJournal(journalPath(folder, sender))) if (attempt.seq < planned) yield attempt
  }
}
