import { studentQuantile } from '../report/latency/distributions.ts'

/** With fewer rounds nothing is said of how far runs differ by themselves. */
export const ROUNDS_MIN = 3
/** No figure of a run is known better than this, as a share: two stacks with one figure throughout differ by less, not by nothing. */
const RESOLUTION = 0.001

/** How one stack's figure stands to another's: `ratio` times as large, and the ends of the interval that holds the true ratio. */
export interface Difference {
  readonly rounds: number
  readonly ratio: number
  readonly low: number
  readonly high: number
  /** The interval leaves no room for 'the same'. */
  readonly isReal: boolean
}

/**
 * One figure of two stacks, run by run. A round is a block: its runs follow each other on one machine with one plan, so what
 * changes from round to round strikes both and falls out of the ratio. The run is the unit, because what differs between two
 * runs of one stack is in no interval of a single one. Ratios are compared as logarithms, by Student's t.
 * `pairs`: of each round both figures, above 0. undefined with fewer than three rounds.
 */
export function differenceOf(
  pairs: readonly (readonly [base: number, other: number])[],
  confidence: number,
): Difference | undefined {
  const rounds = pairs.length
  if (rounds < ROUNDS_MIN) return undefined
  const logs = pairs.map(([base, other]) => Math.log(other / base))
  const mean = logs.reduce((sum, value) => sum + value, 0) / rounds
  const variance = logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (rounds - 1)
  const t = studentQuantile((1 + confidence) / 2, rounds - 1)
  const half = Math.max(RESOLUTION, t * Math.sqrt(variance / rounds))
  const [low, high] = [Math.exp(mean - half), Math.exp(mean + half)]
  return { rounds, ratio: Math.exp(mean), low, high, isReal: low > 1 || high < 1 }
}

/** Where no difference was found: it is at most so large, as a share. */
export function atMostApart({ low, high }: Pick<Difference, 'low' | 'high'>): number {
  return Math.max(high, 1 / low) - 1
}
