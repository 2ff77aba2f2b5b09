import type { FaultMark } from '../records/facts.ts'
import type { RunRecord } from '../records/run-record.ts'

/** When processes had effects paused, as their samples say, for the report's time axis. */
export function pausesOf(stack: RunRecord['samples']['stack'], startAtMs: number): FaultMark[] {
  return stack.flatMap(({ name, samples }) => {
    const marks: FaultMark[] = []
    const what = `effects paused by the circuit: ${name}`
    let opened = 0
    let fromMs: number | undefined
    for (const { atEpochMs, circuitsOpened, circuitsOpen } of samples) {
      const atMs = atEpochMs - startAtMs
      // Between two samples it may have opened and closed again.
      if (circuitsOpen > 0 || circuitsOpened > opened) fromMs ??= atMs
      if (circuitsOpen === 0 && fromMs !== undefined) {
        marks.push({ what, fromMs, untilMs: atMs })
        fromMs = undefined
      }
      opened = circuitsOpened
    }
    const last = samples.at(-1)
    if (fromMs !== undefined && last) marks.push({ what, fromMs, untilMs: last.atEpochMs - startAtMs })
    return marks
  })
}
