/** The smallest of any number of values: an argument each would be too many for one call. Infinity: there are none. */
export function leastOf(values: Iterable<number>): number {
  let least = Number.POSITIVE_INFINITY
  for (const value of values) least = Math.min(least, value)
  return least
}

/** The largest of any number of values, and no less than `floor`. -Infinity: there are none. */
export function mostOf(values: Iterable<number>, floor = Number.NEGATIVE_INFINITY): number {
  let most = floor
  for (const value of values) most = Math.max(most, value)
  return most
}
