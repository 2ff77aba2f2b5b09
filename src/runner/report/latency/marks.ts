import type { Scenario } from '../../scenario/scenario.ts'

/** The pass marks of a run's waits, ms, each for a p99. */
export interface LatencyMarks {
  readonly acceptP99Ms: number
  readonly eventP99Ms: number
  readonly effectP99Ms: number
}

/**
 * Where a scenario does not say otherwise: an event that senders bring again may be on its way for as long as a backlog may
 * take, and whatever was accepted has its effect within that time.
 */
export function latencyMarks(
  { passes, retries }: Pick<Scenario, 'passes' | 'retries'>,
  acceptP99Ms: number,
): LatencyMarks {
  return {
    acceptP99Ms,
    eventP99Ms: passes.eventP99Ms ?? (retries ? Math.max(acceptP99Ms, passes.drainMs) : acceptP99Ms),
    effectP99Ms: passes.effectP99Ms ?? acceptP99Ms + passes.drainMs,
  }
}
