export function ms(value: number): string {
  return value >= 10_000 ? `${(value / 1_000).toFixed(1)} s` : `${value.toFixed(value < 10 ? 2 : 0)} ms`
}

/** A quantile with its confidence interval. */
export function interval(of: { readonly ms: number; readonly lowMs: number; readonly highMs: number }): string {
  return `${ms(of.ms)} (${ms(of.lowMs)} … ${ms(of.highMs)})`
}

export function percent(share: number): string {
  // What is not zero must not look like it.
  const digits = share > 0 && share < 0.001 ? 2 - Math.ceil(Math.log10(share * 100)) : 1
  return `${(share * 100).toFixed(digits)}%`
}
