import { drawFor, hash32 } from '../../core/contracts/random.ts'
import { DRIFT_KINDS, type DriftKind, type Scenario } from '../scenario/scenario.ts'
import { countArrivals, type Load } from './arrivals.ts'

/** What is changed about event `seq`; undefined: nothing. */
export type DriftKindOf = (seq: number) => DriftKind | undefined

/** What a stack must do with it. */
export type Wanted = 'rejected' | 'kept' | 'unknown'

/** A function of the load alone, so that sender and audit agree: numbers follow time, hence so do the events that change. */
export function driftKindOf(load: Load): DriftKindOf {
  const { drift } = load.scenario
  if (!drift) return () => undefined
  const first = countArrivals(load, drift.from * load.durationMs)
  const end = countArrivals(load, drift.until * load.durationMs)
  const stream = hash32(load.seed, 131)
  return (seq) => {
    if (seq < first || seq >= end) return undefined
    let draw = drawFor(stream, seq)
    return DRIFT_KINDS.find((kind) => {
      draw -= drift.shares[kind]
      return draw < 0
    })
  }
}

export function wantedOf(kind: DriftKind, strict: boolean): Wanted {
  if (strict) return 'rejected'
  return kind === 'newVersion' || kind === 'unknownType' ? 'unknown' : 'kept'
}

interface Drifting {
  readonly seq: number
  readonly dueMs: number
  /** Position in the scenario's mix. */
  readonly provider: number
  readonly drift: DriftKind | undefined
}

export interface PlannedDrift {
  readonly seq: number
  readonly dueMs: number
  readonly provider: string
  readonly mode: 'strict' | 'permissive'
  readonly kind: DriftKind
  readonly wanted: Wanted
}

/** Those of a plan's events that change, with what a stack must do with them. */
export function* plannedDrift(
  { drift, mix }: Pick<Scenario, 'drift' | 'mix'>,
  events: Iterable<Drifting>,
): Generator<PlannedDrift> {
  if (!drift) return
  for (const { seq, dueMs, provider: position, drift: kind } of events) {
    if (!kind) continue
    const { provider } = mix[position]!
    const mode = drift.strict.includes(provider) ? 'strict' : 'permissive'
    yield { seq, dueMs, provider, mode, kind, wanted: wantedOf(kind, mode === 'strict') }
  }
}
