import type { Buried, EffectRecord } from './effects-file.ts'
import type { Attempt } from './journal.ts'

/** How many events that were accepted, or are to be found, have neither an effect nor a dead letter: 0 when a run has drained. */
export function missing(
  journals: readonly Iterable<Readonly<Attempt>>[],
  effects: Iterable<EffectRecord>,
  buried: Iterable<Pick<Buried, 'seq'>>,
): number {
  const left = new Set<number>()
  for (const journal of journals) {
    for (const { seq, outcome, cause } of journal) {
      if (outcome === 'accepted' || cause === 'lost-by-sender') left.add(seq)
    }
  }
  for (const { seq } of effects) left.delete(seq)
  for (const { seq } of buried) if (seq !== undefined) left.delete(seq)
  return left.size
}
