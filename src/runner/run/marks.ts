import type { FaultMark } from '../records/marks.ts'
import type { RunRecord } from '../records/run-record.ts'
import { DRIFT_KINDS, type Scenario } from '../scenario/scenario.ts'

/** When providers changed their bodies, as the scenario plans it. */
export function driftMarks({ drift }: Pick<Scenario, 'drift'>, durationMs: number): FaultMark[] {
  if (!drift) return []
  const drifts = DRIFT_KINDS.filter((kind) => drift.shares[kind] > 0)
  return [{ kind: 'drift', drifts, fromMs: drift.from * durationMs, untilMs: drift.until * durationMs }]
}

/** When processes had effects paused, as their samples say. */
export function circuitMarks(stack: RunRecord['samples']['stack']): FaultMark[] {
  return stack.flatMap(({ name, samples }) => {
    const marks: FaultMark[] = []
    const note = (fromMs: number, untilMs: number) =>
      marks.push({ kind: 'circuit-open', process: name, fromMs, untilMs })
    let opened = 0
    let fromMs: number | undefined
    for (const { atMs, circuitsOpened, circuitsOpen } of samples) {
      // Between two samples it may have opened and closed again.
      if (circuitsOpen > 0 || circuitsOpened > opened) fromMs ??= atMs
      if (circuitsOpen === 0 && fromMs !== undefined) {
        note(fromMs, atMs)
        fromMs = undefined
      }
      opened = circuitsOpened
    }
    const last = samples.at(-1)
    if (fromMs !== undefined && last) note(fromMs, last.atMs)
    return marks
  })
}
