import { hash32, seeded } from '../../core/contracts/random.ts'
import { Latencies } from '../report/latency/latencies.ts'
import { behaviourOf, type KnownServer } from './behaviours.ts'

/** What a server of known behaviour makes of arrivals, in virtual time. */
export interface VirtualTrial {
  readonly requests: number
  readonly refused: number
  /** The p99 from the arrival to the answer, and to the effect, by the report's own histogram. */
  readonly answerP99Ms: number
  readonly effectP99Ms: number
}

export interface VirtualLoad {
  readonly ratePerS: number
  readonly durationMs: number
  readonly warmUpMs?: number
  readonly seed: number
  /** Default: Poisson. */
  readonly arrivals?: 'poisson' | 'even'
}

/** Nothing is started and nobody waits: the same seed gives the same trial. The first `warmUpMs` are not counted. */
export function virtualTrial(
  server: KnownServer,
  { ratePerS, durationMs, warmUpMs = 0, seed, arrivals = 'poisson' }: VirtualLoad,
): VirtualTrial {
  const behaviour = behaviourOf(server)
  // A stream of its own: a server may have been given the same seed.
  const random = seeded(hash32(seed, 131))
  const answers = new Latencies()
  const effects = new Latencies()
  let requests = 0
  let refused = 0
  for (let nowMs = 0; ; requests++) {
    nowMs += ((arrivals === 'even' ? 1 : -Math.log(1 - random())) * 1_000) / ratePerS
    if (nowMs >= durationMs) break
    const { status, answerMs, effectsMs } = behaviour(nowMs)
    if (nowMs < warmUpMs) continue
    if (status !== 200) refused++
    else answers.record(nowMs, answerMs - nowMs)
    for (const effectMs of effectsMs) effects.record(nowMs, effectMs - nowMs)
  }
  const p99 = (of: Latencies) => of.sampleQuantileMs(0.99) ?? 0
  return { requests, refused, answerP99Ms: p99(answers), effectP99Ms: p99(effects) }
}
