import { z } from 'zod'
import { seconds } from '../../../core/base/words.ts'
import { type PlannedDrift, plannedDrift, type Wanted } from '../../plan/drift-plan.ts'
import { type DriftNote, readNotes } from '../../records/drift-notes.ts'
import type { Buried } from '../../records/effects-file.ts'
import { DRIFT_KINDS, type DriftKind } from '../../scenario/scenario.ts'
import { type Cell, defineCard } from '../card.ts'
import { none } from '../check.ts'
import { count } from '../common-schema.ts'
import type { JudgedRun } from '../judged-run.ts'

/** Where providers changed their bodies on purpose. */
const schema = z.object({
  /** Events whose drift was not handled as planned: kept unnoticed, buried for another reason, noticed without cause. */
  misjudged: count,
  rows: z.array(
    z.object({
      provider: z.string(),
      mode: z.enum(['strict', 'permissive']),
      kind: z.enum(DRIFT_KINDS),
      /** Accepted and settled; each is in one of the three. */
      events: count,
      buried: count,
      kept: count,
      stored: count,
      /** When the first of them was due, ms since the start, and what the stack said of it; null where there was none. */
      first: z.object({ atMs: z.number(), reason: z.string() }).nullable(),
    }),
  ),
})
type DriftReport = z.infer<typeof schema>
type DriftRow = DriftReport['rows'][number]
type Noticed = Pick<DriftNote, 'outcome' | 'reason'>

const COLUMN = { rejected: 'buried', kept: 'kept', unknown: 'stored' } as const

/** What providers changed, when it first came, and whether it was kept or buried, against the plan. */
export const drift = defineCard({
  schema,
  make: driftOf,
  checks: (card) => (card ? [none('drift-misjudged', card.misjudged)] : []),
  checkWords: { 'drift-misjudged': { title: 'drift not handled as its schema says' } },
  words: ({ rows }) => ({
    title: 'Schema drift',
    blocks: [
      {
        paragraph:
          'Strict schemas send what they do not know to the dead letters, whole and with the reason. Permissive ones keep it and say so; types and versions that they have no schema for are stored as they came.',
      },
      { head: HEAD, rows: rows.map(cellsOf) },
    ],
  }),
})

function driftOf({ folder, scenario, events, planned, buried, effects }: JudgedRun): DriftReport | undefined {
  if (!scenario.drift) return undefined
  const applied = new Set<number>()
  for (const { seq } of effects()) applied.add(seq)
  return judgeDrift({ drift: plannedDrift(scenario, events), planned, applied, buried, notes: readNotes(folder) })
}

/** The same, from records that were read. */
export function judgeDrift(found: {
  readonly drift: Iterable<PlannedDrift>
  readonly planned: number
  readonly applied: ReadonlySet<number>
  readonly buried: readonly Pick<Buried, 'seq' | 'cause' | 'reason'>[]
  readonly notes: readonly DriftNote[]
}): DriftReport {
  const { planned, applied, buried } = found
  const noticed = new Map<number, Noticed>(found.notes.map((note) => [note.seq, note]))
  const otherwise = new Set<number>()
  for (const { seq, cause, reason } of buried) {
    if (seq === undefined) continue
    if (cause === 'schema') noticed.set(seq, { outcome: 'rejected', reason })
    else otherwise.add(seq)
  }
  const rows = new Map<string, DriftRow>()
  let misjudged = 0
  for (const { seq, dueMs, provider, mode, kind, wanted } of found.drift) {
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
      row.first ??= { atMs: dueMs, reason: got.reason }
    }
    if (!asWanted(wanted, got, otherwise.has(seq))) misjudged++
  }
  // The rest was noticed although nothing had changed.
  return { misjudged: misjudged + noticed.size, rows: [...rows.values()].sort(inOrder) }
}

/** An effect that fails for good leaves no note; whether it was to fail is the audit's question. */
function asWanted(wanted: Wanted, got: Noticed | undefined, buriedOtherwise: boolean): boolean {
  return got ? got.outcome === wanted : buriedOtherwise && wanted !== 'rejected'
}

/** Strict ones first; by provider, and by kind as the scenario names them. */
function inOrder(a: DriftRow, b: DriftRow): number {
  const byMode = Number(b.mode === 'strict') - Number(a.mode === 'strict')
  return byMode || a.provider.localeCompare(b.provider) || DRIFT_KINDS.indexOf(a.kind) - DRIFT_KINDS.indexOf(b.kind)
}

const HEAD = ['from', 'schemas', 'what changed', 'events', 'dead letters', 'kept', 'stored raw', 'first at', 'as']
const KINDS: Readonly<Record<DriftKind, string>> = {
  renamed: 'field renamed',
  added: 'field added',
  missing: 'field missing',
  newVersion: 'new version',
  unknownType: 'unknown type',
}

function cellsOf({ provider, mode, kind, events, buried, kept, stored, first }: DriftRow): Cell[] {
  const seen = first ? [seconds(first.atMs), first.reason] : [null, null]
  return [provider, mode, KINDS[kind], events, buried, kept, stored, ...seen]
}
