/** Quantities in words: the one place where a measured number becomes text that people read. */

export type Unit = 'count' | 'share' | 'ms' | 'bytes'

/** A number with its unit; `low` and `high` are the ends of its 95% confidence interval, where it has one. */
export interface Quantity {
  readonly value: number
  readonly unit: Unit
  readonly low?: number | undefined
  readonly high?: number | undefined
}

/** A quantity, so many of a total, or the reason why there is neither. */
export type Value = Quantity | { readonly count: number; readonly of: number } | 'too-few-episodes'

const KIB = 2 ** 10
const MIB = 2 ** 20
const GIB = 2 ** 30

/** `extra`: more digits than are usual. */
export function ms(value: number, extra = 0): string {
  const size = Math.abs(value)
  if (size >= 10_000) return seconds(value, extra)
  return `${size < 1_000 || extra > 0 ? value.toFixed((size < 10 ? 2 : 0) + extra) : grouped(value)} ms`
}

/** A time in ms that may be far below one. */
export function shortTime(valueMs: number): string {
  return valueMs < 1 ? `${(valueMs * 1_000).toFixed(valueMs < 0.01 ? 1 : 0)} µs` : ms(valueMs)
}

/** A time in ms, in seconds. */
export function seconds(valueMs: number, extra = 0): string {
  return `${(valueMs / 1_000).toFixed(1 + extra)} s`
}

/** A share of 1. */
export function percent(share: number): string {
  // A share above zero must not look like zero.
  const digits = share > 0 && share < 0.001 ? 2 - Math.ceil(Math.log10(share * 100)) : 1
  return `${(share * 100).toFixed(digits)}%`
}

export function bytes(value: number): string {
  const size = Math.abs(value)
  if (size < 10 * KIB) return `${Math.round(value)} bytes`
  if (size < MIB) return `${(value / KIB).toFixed(1)} KiB`
  if (size < 10 * GIB) return `${(value / MIB).toFixed(size < 10 * MIB ? 2 : 0)} MiB`
  return `${(value / GIB).toFixed(0)} GiB`
}

/** A count as people read it: 57,420. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** Events or requests a second. */
export function perS(rate: number): string {
  return `${grouped(rate)}/s`
}

/** A percentile and its confidence interval, in ms. */
export function interval(of: { readonly ms: number; readonly lowMs: number; readonly highMs: number }): string {
  return inWords({ value: of.ms, unit: 'ms', low: of.lowMs, high: of.highMs })
}

/** So many digits more are written before two ends of an interval are allowed to look the same. */
const EXTRA_MAX = 3

const WRITE: Readonly<Record<Unit, (value: number, extra?: number) => string>> = {
  count: grouped,
  share: (value) => percent(value),
  ms,
  bytes: (value) => bytes(value),
}

export function inWords(value: Value | undefined): string {
  if (value === undefined) return 'not measured'
  if (value === 'too-few-episodes') return 'too few episodes'
  if ('of' in value) return `${grouped(value.count)} of ${grouped(value.of)}`
  const { low, high, unit } = value
  const write = WRITE[unit]
  if (low === undefined || high === undefined) return write(value.value)
  let extra = 0
  while (extra < EXTRA_MAX && write(low, extra) === write(high, extra)) extra++
  return `${write(value.value, extra)} (${write(low, extra)} … ${write(high, extra)})`
}
