import type { Purpose, Trial } from './trial.ts'

/** Trials of loads that the ceiling is known by. */
export const OF_CEILING: readonly Purpose[] = ['anchor', 'search', 'soak']
/** Trials of the search for the ceiling itself. */
export const OF_SEARCH: readonly Purpose[] = ['saturation', ...OF_CEILING]
/** The first saturation trial offers so much, and each one after it so many times more. */
const SATURATION_FROM_PER_S = 2_000
const SATURATION_FACTOR = 4
/** A stack that gets less than this share of a load done takes no more. */
const SATURATED_SHARE = 0.9
/** What a saturated stack got done is no hint where a load holds that is so many times as high. */
const HINT_LOW = 2
/** Nor is it one where a load fails that is so many times lower. */
const HINT_HIGH = 8

/** The trials that tell something of the ceiling. */
export function countedOf<Made extends Trial>(all: readonly Made[]): readonly Made[] {
  return all.filter(({ purpose, outcome }) => OF_CEILING.includes(purpose) && outcome !== 'invalid')
}

/** More and more is offered until it is too much; undefined when it was, or when no more can be offered. */
export function nextSaturation(
  trials: readonly Trial[],
  { ratePerSMin, ratePerSMax }: { readonly ratePerSMin: number; readonly ratePerSMax: number },
): number | undefined {
  const last = trials.findLast(({ purpose }) => purpose === 'saturation')
  if (!last) return Math.min(ratePerSMax, Math.max(ratePerSMin, SATURATION_FROM_PER_S))
  if (last.donePerS < last.ratePerS * SATURATED_SHARE || last.ratePerS >= ratePerSMax) return undefined
  return Math.min(ratePerSMax, last.ratePerS * SATURATION_FACTOR)
}

/**
 * Near the ceiling: the most that the stack got done while it was offered too much. Where that is no hint, the highest load that held
 * is, or the lowest that failed. The belief spans only so much around it.
 */
export function hintPerS(all: readonly Trial[]): number {
  const saturatedPerS = Math.max(1, ...all.filter(({ purpose }) => purpose === 'saturation').map((one) => one.donePerS))
  const counted = countedOf(all)
  const rates = (wanted: Trial['outcome']) =>
    counted.filter(({ outcome }) => outcome === wanted).map(({ ratePerS }) => ratePerS)
  const heldPerS = Math.max(0, ...rates('passed'))
  const leastPerS = Math.min(saturatedPerS, ...rates('failed'))
  const isHint = heldPerS <= saturatedPerS * HINT_LOW && leastPerS >= saturatedPerS / HINT_HIGH
  return isHint ? saturatedPerS : heldPerS || leastPerS
}
