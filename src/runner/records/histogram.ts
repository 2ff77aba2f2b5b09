import { build, type Histogram } from 'hdr-histogram-js'

/** Latencies in µs, three significant digits, up to an hour. */
export function latencyHistogram(): Histogram {
  return build({ highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: 3 })
}

export function record(histogram: Histogram, ms: number): void {
  histogram.recordValue(Math.max(0, Math.round(ms * 1_000)))
}

/** ms; undefined when nothing was recorded. */
export function percentileMs(histogram: Histogram, percentile: number): number | undefined {
  return histogram.totalCount === 0 ? undefined : histogram.getValueAtPercentile(percentile) / 1_000
}
