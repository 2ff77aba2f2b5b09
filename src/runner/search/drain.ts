/** With fewer effects, or in less time, a rate is mostly chance. */
const EFFECTS_MIN = 300
const TIME_MIN_MS = 150
/** The last of a backlog wait for timers rather than for work. */
const WORK_SHARE = 0.9

/**
 * What took effect in a second while a backlog was worked off and nothing came any more; null where there was too little of one.
 * `effectsMs`: when each event took effect; `endedMs`: when the last attempt had its answer. ms since the start.
 */
export function drainPerS(effectsMs: readonly number[], endedMs: number): number | null {
  const after = effectsMs.filter((atMs) => atMs > endedMs).toSorted((a, b) => a - b)
  const counted = Math.floor(after.length * WORK_SHARE)
  if (counted < EFFECTS_MIN) return null
  const tookMs = after[counted - 1]! - endedMs
  return tookMs < TIME_MIN_MS ? null : (counted * 1_000) / tookMs
}
