import type { Report } from '../report/report-schema.ts'
import type { DriftKind } from '../scenario/scenario.ts'

const KINDS: Record<DriftKind, string> = {
  renamed: 'field renamed',
  added: 'field added',
  missing: 'field missing',
  newVersion: 'new version',
  unknownType: 'unknown type',
}

/** What providers changed, when it first came, and whether it was kept or buried. */
export function driftSection(
  { drift }: Report,
  table: (head: readonly string[], rows: readonly (readonly (string | number)[])[]) => string,
): string {
  if (!drift) return ''
  const rows = drift.rows.map(({ provider, mode, kind, events, buried, kept, stored, first }) => [
    provider,
    mode,
    KINDS[kind],
    events,
    buried,
    kept,
    stored,
    first ? `${(first.atMs / 1_000).toFixed(1)} s` : '',
    first?.reason ?? '',
  ])
  const head = ['from', 'schemas', 'what changed', 'events', 'dead letters', 'kept', 'stored raw', 'first at', 'as']
  return `<section><h2>Schema drift</h2>
<p>Strict schemas send what they do not know to the dead letters, whole and with the reason. Permissive ones keep it and say so; types and versions that they have no schema for are stored as they came.</p>
${table(head, rows)}</section>`
}
