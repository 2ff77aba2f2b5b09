import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { takenIn } from '../../core/dead-letters/journal.ts'
import type { LetterJson } from '../../core/dead-letters/letter.ts'
import { seqOf } from '../plan/identity.ts'

const JOURNAL = /^dlq-replay-\d+\.jsonl$/

/** The numbers of the events that a run's replays took from the dead letters, by their own journals. */
export function replayedIn(folder: string, runId: string): ReadonlySet<number> {
  return seqsOf(lettersIn(folder), runId)
}

export function seqsOf(letters: readonly LetterJson[], runId: string): ReadonlySet<number> {
  return new Set(letters.flatMap(({ id }) => seqOf(runId, id) ?? []))
}

export function lettersIn(folder: string): LetterJson[] {
  const journals = readdirSync(folder).filter((name) => JOURNAL.test(name))
  return journals.flatMap((name) => takenIn(join(folder, name)))
}
