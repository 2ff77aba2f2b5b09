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

/** A sender's word on itself: whether what it reports may be believed. */
export interface Certificate {
  readonly planned: number
  readonly sent: number
  readonly unsent: number
  readonly retries: number
  readonly unsentRetries: number
  /** Attempts that would have come after the end of the run. */
  readonly cutOff: number
  /** ms since the start of the run. */
  readonly endedAtMs: number
  readonly latenessP50Ms: number
  readonly latenessP99Ms: number
  readonly latenessMaxMs: number
  /** Share of the sending time that the event loop was not waiting, 0-1. */
  readonly eventLoopUtilization: number
  readonly cpuSeconds: number
  readonly connectionsOpenedMax: number
  readonly connectionsMax: number
  /** It fell so far behind that it stopped. */
  readonly gaveUp: boolean
}
