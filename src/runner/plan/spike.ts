import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** A shape's peak is sought in so many stretches. */
const STRETCHES = 200

/** The highest of so many stretches of the shape, each by its middle; a multiple of the base rate. */
export function peakOf({ shape }: Scenario, stretches = STRETCHES): number {
  let most = 0
  for (let at = 0; at < stretches; at++) most = Math.max(most, shape((at + 0.5) / stretches))
  return most
}

/**
 * The scenario with its peak at `spike` times the base rate: what its shape has above the base rate is scaled, all else stays.
 * @throws FloodmarkError 'misuse' for a shape that never rises above the base rate.
 */
export function withSpike(scenario: Scenario, spike: number | undefined): Scenario {
  if (spike === undefined) return scenario
  const peak = peakOf(scenario)
  if (peak <= 1) {
    const what = `--spike ${spike}: the traffic of ${scenario.name} never rises above its base rate, so it has no peak to scale`
    throw new FloodmarkError('misuse', `${what}: choose flash-sale, or --rate`)
  }
  const factor = (spike - 1) / (peak - 1)
  const shape = (at: number) => {
    const times = scenario.shape(at)
    return times > 1 ? 1 + (times - 1) * factor : times
  }
  return { ...scenario, shape }
}
