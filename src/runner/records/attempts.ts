import type { Attempt } from './journal.ts'
import { readJournal } from './journal.ts'
import { journalPath } from './run-record.ts'

/** The attempts of events that were planned until the run ended. Where it was cut short, one sender may have sent longer than another. */
export function* attempts(folder: string, senders: number, planned: number): Generator<Readonly<Attempt>> {
  for (let sender = 0; sender < senders; sender++) {
    for (const attempt of readJournal(journalPath(folder, sender))) if (attempt.seq < planned) yield attempt
  }
}
