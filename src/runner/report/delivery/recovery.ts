import type { RunRecord } from '../../records/run-record.ts'
import type { CommonReport } from '../common-schema.ts'

type RateTimeline = CommonReport['timeline']
type Point = RateTimeline['points'][number]

/** Goodput below this share of the first attempts, long after the trigger is gone, is a state that feeds itself. */
export const GOODPUT_MIN = 0.9
/** After the last fault so much of the rest of the first attempts is left out: schedules need time to catch up. */
const GRACE_SHARE = 0.5
const POINTS_MIN = 4
/** Goodput is back when so many points together are up: one alone is down by chance. */
const SMOOTHED_POINTS = 3

/** What came after the last fault while first attempts still came. */
export interface After {
  /** When the last fault was over, in ms since the start of the run. */
  readonly overMs: number
  readonly points: readonly Point[]
  /** The later part of it, by which goodput is judged. */
  readonly judged: readonly Point[]
}

/** undefined: nothing to judge, without faults or when they last to the end of the first attempts. */
export function afterFaults(
  { faults }: Pick<RunRecord, 'faults'>,
  { points, stepMs }: RateTimeline,
  durationMs: number,
): After | undefined {
  const overMs = Math.max(...faults.map(({ untilMs }) => untilMs))
  const after = points.filter(({ atMs }) => atMs >= overMs && atMs + stepMs <= durationMs)
  if (faults.length === 0 || after.length < POINTS_MIN) return undefined
  return { overMs, points: after, judged: after.slice(Math.floor(after.length * GRACE_SHARE)) }
}

export const mean = (points: readonly Point[], of: (point: Point) => number) =>
  points.reduce((total, point) => total + of(point), 0) / Math.max(1, points.length)

export interface GoodputRecovery {
  /** Accepted events for each first attempt, well after the last fault; null where there is nothing to judge. */
  readonly goodputAfter: number | null
  /** From the end of the last fault until goodput stays up; null where it does not, or there is nothing to judge. */
  readonly recoveredMs: number | null
}

export function recovery(after: After | undefined): GoodputRecovery {
  if (!after) return { goodputAfter: null, recoveredMs: null }
  const { overMs, points, judged } = after
  const behind = points.findLastIndex((_, at) => {
    const some = points.slice(at, at + SMOOTHED_POINTS)
    return mean(some, ({ accepted }) => accepted) < GOODPUT_MIN * mean(some, ({ offered }) => offered)
  })
  const recovered = points[behind + 1]
  const first = mean(judged, ({ offered }) => offered)
  return {
    goodputAfter: first === 0 ? 1 : mean(judged, ({ accepted }) => accepted) / first,
    recoveredMs: recovered ? recovered.atMs - overMs : null,
  }
}
