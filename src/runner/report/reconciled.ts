import type { EffectRecord } from '../records/effects-file.ts'
import type { Attempt } from '../records/journal.ts'
import type { RunRecord } from '../records/run-record.ts'
import type { Report } from './report-schema.ts'
import { Latencies } from './stats.ts'

type Reconciled = NonNullable<Report['reconciled']>

/** What became of the events that were never sent, and how long it took to find them. undefined: there are none by plan. */
export function reconciledOf(
  { list, startAtMs }: Pick<RunRecord, 'list' | 'startAtMs'>,
  { found, neverFound }: Pick<Reconciled, 'found' | 'neverFound'>,
  attempts: Iterable<Readonly<Attempt>>,
  effects: Iterable<EffectRecord>,
): Report['reconciled'] {
  if (!list) return undefined
  const createdMs = new Map<number, number>()
  for (const { seq, cause, intendedMs } of attempts) if (cause === 'lost-by-sender') createdMs.set(seq, intendedMs)
  const toEffect = new Latencies()
  for (const { seq, atEpochMs } of effects) {
    const created = createdMs.get(seq)
    if (created !== undefined) toEffect.record(atEpochMs - startAtMs - created)
  }
  return { ...list, found, neverFound, toEffect: toEffect.percentiles() }
}

/** Without what a list went on to show when a run was cut short: it belongs to no plan any more. */
export function* ofPlan<T extends { readonly seq: number | undefined }>(
  items: Iterable<T>,
  planned: number,
): Generator<T> {
  for (const item of items) if (item.seq === undefined || item.seq < planned) yield item
}

/** A webhook that never came is found, or the list is not read as it must be. */
export function reconciledChecks(reconciled: Report['reconciled']): Report['checks'] {
  if (!reconciled) return []
  const { neverFound } = reconciled
  const check = 'events lost by the sender and never found'
  return [{ check, ok: neverFound === 0, measured: String(neverFound), wanted: '0', about: 'stack' }]
}
