import type { JudgedRun } from './judged-run.ts'

/**
 * How long the last effect came after the traffic, ms. Traffic is over with the last answer, the last fault and the last replay.
 * In a run that never had all of its effects: how long it was waited for them.
 */
export function drainingMsOf({ record, endedAtMs, attempts, effects }: JudgedRun): number {
  const { faults, drained, lookedUntilMs } = record
  let overMs = endedAtMs
  for (const { kind, untilMs } of faults) if (kind !== 'circuit-open') overMs = Math.max(overMs, untilMs)
  for (const { doneMs } of attempts()) overMs = Math.max(overMs, doneMs)
  let lastMs = overMs
  // A target may tell of an effect without its time.
  for (const { atMs } of effects()) if (atMs > lastMs) lastMs = atMs
  return (drained ? lastMs : lookedUntilMs) - overMs
}
