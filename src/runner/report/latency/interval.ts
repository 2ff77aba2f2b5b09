import { betaQuantile } from './distributions.ts'

const TAIL = 0.025
/** Errors that are seen in few blocks are too small as often as too large, and too small ones mislead. */
const CAUTION = 1.5
/** A tail is rarer than the median, and what makes it comes in fewer episodes than a run of this length shows. */
const TAIL_CAUTION = 3
/** Independent samples beyond the quantile. */
const BEYOND_MIN = 1
/** Of the median. With less nothing is said. */
const EFFECTIVE_MIN = 30

/** What is known of how far samples depend on each other: effective sizes of the median and of the quantile itself. */
export interface EffectiveSizes {
  readonly count: number
  readonly ofMedian: number
  readonly ofQuantile: number
}

/**
 * The shares of the samples between which the true quantile q lies with 95% confidence: Clopper and Pearson's interval of
 * the share of slow ones, with the effective size in place of the count (Korn and Graubard). undefined: too few episodes.
 */
export function sharesAround(
  q: number,
  sizes: EffectiveSizes,
): { readonly low: number; readonly high: number } | undefined {
  const size = usedSize(q, sizes)
  const slow = size * (1 - q)
  if (sizes.ofMedian < EFFECTIVE_MIN || slow < BEYOND_MIN) return undefined
  const fast = size - slow
  const high = 1 - betaQuantile(TAIL, slow, fast + 1)
  const low = 1 - betaQuantile(1 - TAIL, slow + 1, fast)
  // Beyond the slowest sample nothing was seen.
  return high * sizes.count > sizes.count - 1 || low * sizes.count < 1 ? undefined : { low, high }
}

function usedSize(q: number, { ofMedian, ofQuantile }: EffectiveSizes): number {
  const own = ofQuantile / CAUTION
  return q > 0.5 ? Math.min(own, ofMedian / TAIL_CAUTION) : own
}

/** So many times as much of the same would have an interval for q, roughly. At least 1.5, for it was refused now. */
export function timesLonger(q: number, sizes: EffectiveSizes): number {
  const wanted = BEYOND_MIN / (1 - q)
  return Math.max(1.5, wanted / usedSize(q, sizes), EFFECTIVE_MIN / sizes.ofMedian)
}
