import type { PlannedFault } from '../../faults/index.ts'
import type { ContentDigests } from '../../plan/event-digests.ts'

/** What an event has, by the names of its fields. */
export const FIELDS = ['id', 'key', 'source', 'type', 'receivedAtMs', 'headers', 'body'] as const
export type Field = (typeof FIELDS)[number]

/** Clocks of one host are read at different moments, and the wall clock is corrected while a run goes on. */
const CLOCK_SLACK_MS = 1_000

/** When an event says that it was received, and when it can have been; ms since the start of the run. */
interface ReceivedTime {
  readonly ms: number
  readonly fromMs: number
  readonly untilMs: number
  /** By so much a fault puts a receiver's clock wrong. */
  readonly clockOffMs: number
}

/** By so much faults put a receiver's clock wrong, at most. */
export function clockOffMs(faults: readonly PlannedFault[]): number {
  return faults.reduce((sum, fault) => sum + (fault.what === 'clock-jump' ? Math.abs(fault.byMs) : 0), 0)
}

/** The fields in which what took effect differs from what was planned. */
export function alteredIn(planned: ContentDigests, found: ContentDigests, received: ReceivedTime): Field[] {
  const slackMs = CLOCK_SLACK_MS + received.clockOffMs
  const inTime = received.ms >= received.fromMs - slackMs && received.ms <= received.untilMs + slackMs
  return FIELDS.filter((field) => {
    if (field === 'receivedAtMs') return !inTime
    return field === 'body' ? !planned.body.equals(found.body) : planned[field] !== found[field]
  })
}
