import type { Histogram } from 'hdr-histogram-js'
import { latencyHistogram, record } from '../records/histogram.ts'
import type { Percentiles } from './common-schema.ts'

type Quantile = NonNullable<Percentiles['p50']>

export class Latencies {
  readonly #histogram: Histogram = latencyHistogram()

  record(ms: number): void {
    record(this.#histogram, ms)
  }

  percentiles(): Percentiles {
    const count = this.#histogram.totalCount
    if (count === 0) return { count }
    const quantile = (q: number): Quantile | undefined => {
      const ranks = quantileRanks(count, q)
      if (!ranks) return undefined
      const at = (share: number) => this.#histogram.getValueAtPercentile(share * 100) / 1_000
      return { ms: at(q), lowMs: at(ranks.low / count), highMs: at(ranks.high / count) }
    }
    const entries = { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), p999: quantile(0.999) }
    const known = Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined))
    return { count, meanMs: this.#histogram.mean / 1_000, maxMs: this.#histogram.maxValue / 1_000, ...known }
  }
}

/**
 * Ranks of the order statistics that enclose quantile q with 95% confidence, whatever the distribution (normal
 * approximation of the binomial). undefined where n is too small for a two-sided interval: q^n must be at most 0.025.
 */
function quantileRanks(n: number, q: number): { low: number; high: number } | undefined {
  if (Math.max(q, 1 - q) ** n > 0.025) return undefined
  const spread = 1.96 * Math.sqrt(n * q * (1 - q))
  return { low: Math.max(1, Math.floor(n * q - spread)), high: Math.min(n, Math.ceil(n * q + spread) + 1) }
}

/** Least-squares slope of y over x and its standard error; undefined with fewer than ten points. */
export function slope(
  points: readonly { readonly x: number; readonly y: number }[],
): { slope: number; error: number } | undefined {
  const n = points.length
  if (n < 10) return undefined
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / n
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / n
  const sxx = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  const sxy = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0)
  const b = sxy / sxx
  const residual = points.reduce((sum, { x, y }) => sum + (y - meanY - b * (x - meanX)) ** 2, 0)
  return { slope: b, error: Math.sqrt(residual / (n - 2) / sxx) }
}
