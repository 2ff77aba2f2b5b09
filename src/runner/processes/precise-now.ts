const originMs = performance.timeOrigin

/** The time base of a sender: the monotonic clock, counted from the Unix epoch, ms with a fraction. */
export function preciseNow(): number {
  return originMs + performance.now()
}
