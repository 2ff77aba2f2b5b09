import { drawFor, hash32 } from '../../core/contracts/random.ts'
import { DRIFT_KINDS, type DriftKind } from '../scenario/scenario.ts'
import { arrivals, countArrivals, type Load } from './arrivals.ts'
import type { Expected } from './identity.ts'

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

function wantedOf(kind: DriftKind, strict: boolean): Wanted {
  if (strict) return 'rejected'
  return kind === 'newVersion' || kind === 'unknownType' ? 'unknown' : 'kept'
}

/** Every event of a plan that changes, in order of time. */
export function* plannedDrift(load: Load) {
  const { drift, mix } = load.scenario
  if (!drift) return
  const kindOf = driftKindOf(load)
  for (const { seq, provider: position, intendedMs } of arrivals(load)) {
    const kind = kindOf(seq)
    if (!kind) continue
    const { provider } = mix[position]!
    const mode = drift.strict.includes(provider) ? ('strict' as const) : ('permissive' as const)
    yield { seq, intendedMs, provider, mode, kind, wanted: wantedOf(kind, mode === 'strict') }
  }
}

/** Where events must end, drift included. An event that a strict schema refuses is buried, whatever its effect would have done. */
export function expectedWithDrift(load: Load, expected: (seq: number) => Expected): (seq: number) => Expected {
  const rejected = new Set<number>()
  for (const { seq, wanted } of plannedDrift(load)) if (wanted === 'rejected') rejected.add(seq)
  return (seq) => (rejected.has(seq) ? 'buried' : expected(seq))
}
