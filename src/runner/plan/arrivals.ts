import { exponential, hash32, type Random, seeded, zipf } from '../../core/contracts/random.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** One planned event. */
export interface Arrival {
  /** Dense: 0, 1, 2 … in order of time. */
  seq: number
  /** When it is to be sent, ms since the start of the run. */
  intendedMs: number
  /** Position in the scenario's mix. */
  provider: number
  /** Rank of the ordering key, 0 the hottest. */
  key: number
}

export interface Load {
  readonly scenario: Pick<
    Scenario,
    'shape' | 'mix' | 'keys' | 'copiesMax' | 'longBodies' | 'claimCheck' | 'reconcile' | 'drift'
  >
  readonly durationMs: number
  /** Base rate in events/s, which the shape multiplies. */
  readonly ratePerS: number
  readonly seed: number
}

/** The shape is taken as constant over steps of so many ms. */
const STEP_MS = 10

/**
 * Every arrival of a run, in order: Poisson around the shape, by walking a unit-rate Poisson stream through the
 * integral of the rate. Pure: the same load gives the same arrivals in every process. The yielded object is used
 * again for the next one: copy what you keep.
 */
export function* arrivals(load: Load): Generator<Readonly<Arrival>> {
  const { scenario, durationMs, ratePerS } = load
  const gaps = seeded(hash32(load.seed, 101))
  const draws = seeded(hash32(load.seed, 102))
  const pickKey = zipf(scenario.keys.count, scenario.keys.zipf)
  const pickProvider = picker(scenario.mix.map((part) => part.share))
  const arrival: Arrival = { seq: 0, intendedMs: 0, provider: 0, key: 0 }
  let dueIn = exponential(gaps)
  for (let stepMs = 0; stepMs < durationMs; stepMs += STEP_MS) {
    const lengthMs = Math.min(STEP_MS, durationMs - stepMs)
    const perMs = (Math.max(0, scenario.shape((stepMs + lengthMs / 2) / durationMs)) * ratePerS) / 1_000
    let usedMs = 0
    while (perMs > 0 && dueIn <= perMs * (lengthMs - usedMs)) {
      usedMs += dueIn / perMs
      arrival.intendedMs = stepMs + usedMs
      arrival.provider = pickProvider(draws)
      arrival.key = pickKey(draws)
      yield arrival
      arrival.seq++
      dueIn = exponential(gaps)
    }
    dueIn -= perMs * (lengthMs - usedMs)
  }
}

/** How many arrivals are intended before `untilMs`. */
export function countArrivals(load: Load, untilMs: number): number {
  let count = 0
  for (const arrival of arrivals(load)) {
    if (arrival.intendedMs >= untilMs) break
    count++
  }
  return count
}

function picker(shares: readonly number[]): (random: Random) => number {
  const total = shares.reduce((sum, share) => sum + share, 0)
  return (random) => {
    let left = random() * total
    for (const [position, share] of shares.entries()) {
      left -= share
      if (left < 0) return position
    }
    return shares.length - 1
  }
}
