import { Groups } from '../../core/dead-letters/groups.ts'
import type { EffectRecord } from '../records/effects-file.ts'
import { lettersIn, seqsOf } from '../records/replays.ts'
import type { RunRecord } from '../records/run-record.ts'
import type { Report } from './report-schema.ts'

/** What replays took from the dead letters, by source, type and reason, and how much of it has taken effect since. */
export function replayedOf(
  folder: string,
  { runId, startAtMs, replays }: Pick<RunRecord, 'runId' | 'startAtMs' | 'replays'>,
  effects: Iterable<EffectRecord>,
): Report['replayed'] {
  if (!replays) return undefined
  const groups = new Groups()
  const letters = lettersIn(folder)
  for (const letter of letters) groups.add({ ...letter, atMs: letter.atMs - startAtMs })
  const seqs = seqsOf(letters, runId)
  const applied = new Set<number>()
  for (const { seq } of effects) if (seqs.has(seq)) applied.add(seq)
  return { events: seqs.size, applied: applied.size, groups: groups.all() }
}
