import { SCHEMA_REASON } from '../../core/processing/schemas.ts'
import type { Load } from '../plan/arrivals.ts'
import { plannedDrift, type Wanted } from '../plan/drift-plan.ts'
import { type DriftNote, readNotes } from '../records/drift-notes.ts'
import { type Buried, readEffects } from '../records/effects-file.ts'
import { effectsPath } from '../records/run-record.ts'
import { DRIFT_KINDS } from '../scenario/scenario.ts'
import type { Report } from './report-schema.ts'

type DriftReport = NonNullable<Report['drift']>
type Row = DriftReport['rows'][number]
type Noticed = Pick<DriftNote, 'outcome' | 'reason'>

/** A dead letter's reason begins with the class of the failure. */
const BURIED = `permanent: ${SCHEMA_REASON}`
const COLUMN = { rejected: 'buried', kept: 'kept', unknown: 'stored' } as const

/** What became of the events that a run changed, against the plan; undefined where the scenario has no drift. */
export function driftOf(
  folder: string,
  load: Load,
  planned: number,
  buried: readonly Buried[],
): DriftReport | undefined {
  if (!load.scenario.drift) return undefined
  const applied = new Set<number>()
  for (const { seq } of readEffects(effectsPath(folder))) applied.add(seq)
  return judgeDrift({ load, planned, applied, buried, notes: readNotes(folder) })
}

/** The same from what was read. */
export function judgeDrift(found: {
  readonly load: Load
  readonly planned: number
  readonly applied: ReadonlySet<number>
  readonly buried: readonly Pick<Buried, 'seq' | 'reason'>[]
  readonly notes: readonly DriftNote[]
}): DriftReport {
  const { load, planned, applied, buried } = found
  const noticed = new Map<number, Noticed>(found.notes.map((note) => [note.seq, note]))
  const otherwise = new Set<number>()
  for (const { seq, reason } of buried) {
    if (seq === undefined) continue
    if (reason.startsWith(BURIED)) noticed.set(seq, { outcome: 'rejected', reason })
    else otherwise.add(seq)
  }
  const rows = new Map<string, Row>()
  let misjudged = 0
  for (const { seq, intendedMs, provider, mode, kind, wanted } of plannedDrift(load)) {
    if (seq >= planned) break
    const name = `${provider} ${kind}`
    const row = rows.get(name) ?? { provider, mode, kind, events: 0, buried: 0, kept: 0, stored: 0, first: null }
    rows.set(name, row)
    const got = noticed.get(seq)
    noticed.delete(seq)
    if (!got && !applied.has(seq) && !otherwise.has(seq)) continue
    row.events++
    if (got) {
      row[COLUMN[got.outcome]]++
      row.first ??= { atMs: intendedMs, reason: got.reason }
    }
    if (!asWanted(wanted, got, otherwise.has(seq))) misjudged++
  }
  // What is left was noticed where nothing had changed.
  return { misjudged: misjudged + noticed.size, rows: [...rows.values()].sort(inOrder) }
}

/** An effect that fails for good leaves no note; whether it was to fail is the audit's question. */
function asWanted(wanted: Wanted, got: Noticed | undefined, buriedOtherwise: boolean): boolean {
  return got ? got.outcome === wanted : buriedOtherwise && wanted !== 'rejected'
}

/** Strict ones first; by provider, and by kind as the scenario names them. */
function inOrder(a: Row, b: Row): number {
  const byMode = Number(b.mode === 'strict') - Number(a.mode === 'strict')
  return byMode || a.provider.localeCompare(b.provider) || DRIFT_KINDS.indexOf(a.kind) - DRIFT_KINDS.indexOf(b.kind)
}

export function driftChecks(drift: DriftReport | undefined): Report['checks'] {
  if (!drift) return []
  const check = 'drift not handled as its schema says'
  const { misjudged } = drift
  return [{ check, ok: misjudged === 0, measured: String(misjudged), wanted: '0', about: 'stack' }]
}
