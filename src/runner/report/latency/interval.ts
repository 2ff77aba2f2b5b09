import { BLOCKS } from './blocks.ts'
import { betaQuantile } from './distributions.ts'

const EITHER_SIDE = 0.025
/** Errors that are seen in few blocks are too small as often as too large, and too small ones mislead. */
const CAUTION = 1.5
/**
 * A tail is rarer than the median, and what makes it comes in fewer episodes than a run of this length shows: a short run in
 * which no long queue built up looks like one of independent samples. With 3, of the runs of M/M/1 and M/D/1 that were just long
 * enough for a p99 as few as 83% held the truth.
 */
const TAIL_CAUTION = 5
/** From this quantile on, what is slower must have come in so many episodes, whatever the sizes say. */
const TAIL = 0.99
const EPISODES_MIN = 5
/** Independent samples beyond the quantile. */
const BEYOND_MIN = 1
/** Of the median, wobble or not where it is the median that is asked for. With less nothing is said. */
const EFFECTIVE_MIN = 30

/** What is known of how far samples depend on each other: effective sizes. */
export interface EffectiveSizes {
  readonly count: number
  /** Of the share that is slower than the median by more than a wobble. */
  readonly ofMedian: number
  /** Of the share that is slower than the quantile itself. */
  readonly ofQuantile: number
  /** Stretches of time in which what is slower than the quantile came; 0 where nothing was slower. */
  readonly episodes: number
}

/**
 * The shares of the samples between which the true quantile q lies with 95% confidence: Clopper and Pearson's interval of
 * the share of slow ones, with the effective size in place of the count (Korn and Graubard). undefined: too few episodes.
 */
export function sharesAround(
  q: number,
  sizes: EffectiveSizes,
): { readonly low: number; readonly high: number } | undefined {
  const { ofMedian, ofQuantile, episodes } = sizes
  const size = usedSize(q, sizes)
  const slow = size * (1 - q)
  const few = q >= TAIL && episodes > 0 && episodes < EPISODES_MIN
  const known = q > 0.5 ? ofMedian : Math.min(ofMedian, ofQuantile)
  if (few || known < EFFECTIVE_MIN || slow < BEYOND_MIN) return undefined
  const fast = size - slow
  const high = 1 - betaQuantile(EITHER_SIDE, slow, fast + 1)
  const low = 1 - betaQuantile(1 - EITHER_SIDE, slow + 1, fast)
  // Beyond the slowest sample nothing was seen.
  return high * sizes.count > sizes.count - 1 || low * sizes.count < 1 ? undefined : { low, high }
}

/** The share of `count` samples that lie above a limit, and the stretches of time in which they came. */
export interface AboveLimit {
  readonly count: number
  readonly share: number
  readonly episodes: number
}

/** The highest share above a limit that chance leaves room for: with as many more samples, or episodes, as may have come. */
export function shareAtMost({ count, share, episodes }: AboveLimit): number {
  if (episodes === 0) return count === 0 ? 1 : betaQuantile(ONE_SIDE, 1, count)
  return (share / episodes) * BLOCKS * betaQuantile(ONE_SIDE, episodes + 1, BLOCKS - episodes)
}
const ONE_SIDE = 0.95

function usedSize(q: number, { ofMedian, ofQuantile }: EffectiveSizes): number {
  const own = ofQuantile / CAUTION
  return q > 0.5 ? Math.min(own, ofMedian / TAIL_CAUTION) : own
}

/** So many times as much of the same would have an interval for q, roughly. At least 1.5, for it was refused now. */
export function timesLonger(q: number, sizes: EffectiveSizes): number {
  const wanted = BEYOND_MIN / (1 - q)
  const { ofMedian, episodes } = sizes
  return Math.max(1.5, wanted / usedSize(q, sizes), EFFECTIVE_MIN / ofMedian, EPISODES_MIN / Math.max(1, episodes))
}
