import type { Scenario } from '../scenario/scenario.ts'

/** A phase whose rate is so many times the mean is the peak. */
const PEAK_TIMES_MIN = 1.5

export interface Phase {
  readonly name: string
  /** ms since the start of the run. */
  readonly fromMs: number
  readonly untilMs: number
}

export function phasesOf({ phases }: Pick<Scenario, 'phases'>, durationMs: number): Phase[] {
  return phases.map(({ name, until }, at) => {
    return { name, fromMs: (phases[at - 1]?.until ?? 0) * durationMs, untilMs: until * durationMs }
  })
}

/** Where most came, by how many came in each phase; undefined where the load is about even. */
export function peakOf<P extends Pick<Phase, 'fromMs' | 'untilMs'>>(
  phases: readonly P[],
  cameIn: (phase: P) => number,
): P | undefined {
  const perMs = (came: number, ms: number) => came / Math.max(1, ms)
  const lasts = (phase: P) => phase.untilMs - phase.fromMs
  const rateOf = (phase: P) => perMs(cameIn(phase), lasts(phase))
  const mean = perMs(total(phases, cameIn), total(phases, lasts))
  const [highest] = phases.toSorted((a, b) => rateOf(b) - rateOf(a))
  return highest && rateOf(highest) >= PEAK_TIMES_MIN * mean ? highest : undefined
}

function total<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0)
}
