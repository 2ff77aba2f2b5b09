/**
 * The clock of a run: ms with a fraction since some moment that every process of this host has in common. It is the system's
 * monotonic clock (on Linux CLOCK_MONOTONIC), so that times of sender, stack and runner may be subtracted from each other, and
 * no correction of the wall clock moves any of them. `performance.timeOrigin` would not do: each process reads it from the wall
 * clock when it starts, so that two processes with a correction between their starts differ by it for good.
 */
export function preciseNow(): number {
  return originMs + performance.now()
}

/** Both come from the same system clock; the shortest of a few looks at both has the least time between them. */
const originMs = Array.from({ length: 9 }, () => {
  const from = performance.now()
  const hostMs = Number(process.hrtime.bigint()) / 1e6
  const until = performance.now()
  return { tookMs: until - from, originMs: hostMs - (from + until) / 2 }
}).reduce((a, b) => (b.tookMs < a.tookMs ? b : a)).originMs

/** What the wall clock says at a moment of the run's clock, ms since the Unix epoch. */
export function epochAt(atMs: number): number {
  return Date.now() + (atMs - preciseNow())
}
