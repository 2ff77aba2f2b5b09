import type { FaultMark } from '../records/facts.ts'
import type { DriftKind, Scenario } from '../scenario/scenario.ts'
import { DRIFT_KINDS } from '../scenario/scenario.ts'

const SAID: Record<DriftKind, string> = {
  renamed: 'renamed',
  added: 'added',
  missing: 'missing fields',
  newVersion: 'new version',
  unknownType: 'unknown types',
}

/** For the report's time axis. */
export function driftMarks({ drift }: Pick<Scenario, 'drift'>, durationMs: number): FaultMark[] {
  if (!drift) return []
  const kinds = DRIFT_KINDS.filter((kind) => drift.shares[kind] > 0).map((kind) => SAID[kind])
  return [{ what: `drift: ${kinds.join(', ')}`, fromMs: drift.from * durationMs, untilMs: drift.until * durationMs }]
}
