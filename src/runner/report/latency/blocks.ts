import { studentQuantile } from './distributions.ts'

/** A run is cut into so many blocks of equal time; longer ones are made of neighbours, twice as many each time. */
export const BLOCKS = 512
/** Fewer blocks than this say too little about how much one differs from the next. */
const BLOCKS_MIN = 16
/** Half of what is left over at either end. */
const BOTH_SIDES = 0.975
const NORMAL = 1.96

/** Student's t for each number of blocks. Differences of neighbours have two thirds of the degrees of freedom. */
const T = new Map<number, number>()
function tOf(blocks: number): number {
  const known = T.get(blocks)
  if (known !== undefined) return known
  const t = studentQuantile(BOTH_SIDES, Math.round((2 * (blocks - 1)) / 3))
  T.set(blocks, t)
  return t
}

/** How many of the samples of each block there are, and how many of those are slow. */
export interface Blocks {
  readonly all: Float64Array
  readonly slow: Float64Array
}

/**
 * How many independent samples would tell the share of the slow ones as well as these do. Latencies come in episodes: of
 * two requests in one stall the second says nothing new. Blocks of time that are longer than an episode are independent
 * of each other, so the share's error is seen in how much neighbours differ. How long an episode is nobody knows, so
 * every length is tried and the largest error taken. Neighbours and not the mean, because a warm-up or a planned rise is
 * no chance. Student’s t pays for the small number of blocks.
 */
export function effectiveSize({ all, slow }: Blocks): number {
  const count = sum(all)
  const share = sum(slow) / count
  let residuals: Float64Array = Float64Array.from(slow, (some, at) => some - share * all[at]!)
  let errorMax = 0
  let t = NORMAL
  for (; residuals.length >= BLOCKS_MIN; residuals = joined(residuals)) {
    const blocks = residuals.length
    let squares = 0
    for (let at = 1; at < blocks; at++) squares += (residuals[at]! - residuals[at - 1]!) ** 2
    const error = Math.sqrt((squares * blocks) / (2 * (blocks - 1))) / count
    if (error * tOf(blocks) <= errorMax) continue
    errorMax = error * tOf(blocks)
    t = tOf(blocks)
  }
  const size = errorMax === 0 ? count : (share * (1 - share) * t * t) / (errorMax * errorMax)
  return Math.min(count, size) * (NORMAL / t) ** 2
}

function joined(values: Float64Array): Float64Array {
  const half = new Float64Array(values.length / 2)
  for (let at = 0; at < half.length; at++) half[at] = values[2 * at]! + values[2 * at + 1]!
  return half
}

/** Stretches of blocks with slow samples; a block without any ends one. */
export function episodesOf({ slow }: Blocks): number {
  return slow.reduce((episodes, some, at) => episodes + (some > 0 && !(at > 0 && slow[at - 1]! > 0) ? 1 : 0), 0)
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}
