import { grouped } from '../../core/base/words.ts'
import { faultWords } from '../faults/index.ts'
import type { Report } from '../report/report-schema.ts'
import type { DriftKind } from '../scenario/scenario.ts'

export type Mark = Report['faults'][number]

/** Marks that begin within this, ms, and say the same of several, are drawn as one. */
const SAME_MS = 400

const DRIFTS: Record<DriftKind, string> = {
  renamed: 'renamed',
  added: 'added',
  missing: 'missing fields',
  newVersion: 'new version',
  unknownType: 'unknown types',
}

/** A mark's kind, and what it concerned, in words. */
function worded(mark: Mark): { readonly what: string; readonly whom: string } {
  if ('fault' in mark) return { what: faultWords(mark.fault), whom: mark.victim }
  if (mark.kind === 'circuit-open') return { what: 'effects paused by the circuit', whom: mark.process }
  if (mark.kind === 'dead-letter-replay') return { what: 'replay', whom: `${grouped(mark.events)} dead letters` }
  if (mark.kind === 'recorded-replay') return { what: 'replay', whom: `${grouped(mark.events)} recorded events` }
  if (mark.kind === 'attack') return { what: 'attack', whom: mark.attacks.join(', ') }
  return { what: 'drift', whom: mark.drifts.map((drift) => DRIFTS[drift]).join(', ') }
}

export function markWords(mark: Mark): string {
  const { what, whom } = worded(mark)
  return `${what}: ${whom}`
}

/** A band of the charts. */
export interface Band {
  readonly text: string
  readonly fromMs: number
  readonly untilMs: number
}

/** A fault that strikes several at one time is one band: 'kill: receiver 1, receiver 2'. */
export function bandsOf(marks: readonly Mark[]): Band[] {
  const bands: { kind: string; what: string; whom: string[]; fromMs: number; untilMs: number }[] = []
  for (const mark of marks.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const { kind, fromMs, untilMs } = mark
    const { what, whom } = worded(mark)
    const same = bands.find((one) => one.kind === kind && one.what === what && fromMs - one.fromMs < SAME_MS)
    if (same) {
      same.whom.push(whom)
      same.untilMs = Math.max(same.untilMs, untilMs)
    } else bands.push({ kind, what, whom: [whom], fromMs, untilMs })
  }
  return bands.map(({ what, whom, fromMs, untilMs }) => ({
    text: `${what}: ${whom.sort().join(', ')}`,
    fromMs,
    untilMs,
  }))
}
