import { studentQuantile } from './distributions.ts'

const RUNS_MIN = 3

/** What repeated runs say of a figure. */
export interface AcrossRuns {
  readonly runs: number
  /** Geometric mean, and the ends of its 95% confidence interval. */
  readonly value: number
  readonly low: number
  readonly high: number
}

/**
 * A figure that is decided by, or compared, is taken in several runs, and the run is the unit: what differs between runs
 * (the machine, its other work, how code was compiled) is in no interval of a single one. Figures above zero, one of each
 * run. undefined with fewer than three runs.
 */
export function acrossRuns(figures: readonly number[]): AcrossRuns | undefined {
  const runs = figures.length
  if (runs < RUNS_MIN) return undefined
  const logs = figures.map(Math.log)
  const mean = logs.reduce((sum, value) => sum + value, 0) / runs
  const variance = logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (runs - 1)
  const half = studentQuantile(0.975, runs - 1) * Math.sqrt(variance / runs)
  return { runs, value: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half) }
}
