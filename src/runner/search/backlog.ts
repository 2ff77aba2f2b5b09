import type { Report } from '../report/report-schema.ts'
import { slope } from '../report/stats.ts'
import type { TrialOutcome } from './trial.ts'

/** A trial's load grows until then, as a share of its duration. From then on it is held, and judged. */
export const HOLD_FROM = 0.3
/** So much of what is offered must take effect in the same time. */
const DONE_SHARE_MIN = 0.99
/** A count below this share is not by chance, where hardly anything is under way. */
const DONE_SHARE_LOW = 0.97
const LINE_POINTS_MIN = 4
/** Where a backlog grows, the last wait twice as long as those in the middle; where all is late by as much, hardly longer. */
const GROWING_RATIO = 1.5
/** Nothing but chance makes what is under way differ by more than so many standard deviations. */
const DEVIATIONS_MAX = 2

/** What a stack did while the load was held. Rates are events per second. */
export interface WhatWasDone {
  readonly donePerS: number
  readonly acceptedPerS: number
  /** Of what was offered, what was done in the same time. undefined: events are done later than the load was held for. */
  readonly doneShare: number | undefined
  /** The same by the line through the whole backlog; undefined: too few points for a line. */
  readonly trendShare: number | undefined
  /** One standard deviation of doneShare: as many events are under way at either end as chance has it. */
  readonly chanceShare: number
}

/** How much later than it is offered something is done, ms: in the middle, and at most. */
export interface Later {
  readonly middleMs: number
  readonly mostMs: number
}

/**
 * A constant delay is no backlog that grows. So counting begins when the first event of the held load is done. Where a target's
 * clock is behind, events seem done before they are offered. Then counting ends when the last of them is done.
 */
export function doneOf(
  { timeline, scenario: { durationMs } }: Pick<Report, 'timeline' | 'scenario'>,
  done: 'effects' | 'accepted',
  { middleMs, mostMs }: Later,
): WhatWasDone {
  const { points, stepMs } = timeline
  const fromMs = durationMs * HOLD_FROM
  const held = points.filter(({ atMs }) => atMs >= fromMs && atMs + stepMs <= durationMs)
  const inTime = held.filter(
    ({ atMs }) => atMs >= fromMs + Math.max(0, middleMs) && atMs + stepMs <= durationMs + Math.min(0, middleMs),
  )
  const isLong = inTime.length >= Math.min(LINE_POINTS_MIN, held.length)
  const isSeen = isLong || mostMs > GROWING_RATIO * middleMs
  const counted = isLong ? inTime : held
  const mean = (of: 'effects' | 'offered' | 'accepted') =>
    counted.reduce((sum, point) => sum + point[of], 0) / Math.max(1, counted.length)
  const [acceptedPerS, offeredPerS, donePerS] = [mean('accepted'), mean('offered'), mean(done)]
  if (offeredPerS === 0) return { donePerS, acceptedPerS, doneShare: 0, trendShare: 0, chanceShare: 0 }
  const backlogs: number[] = []
  for (const point of counted) backlogs.push((backlogs.at(-1) ?? 0) + point.offered - point[done])
  const line = backlogs.map((y, x) => ({ x, y }))
  const growth = slope(line, LINE_POINTS_MIN)?.slope
  const offered = (offeredPerS * counted.length * stepMs) / 1_000
  const underWay = (offeredPerS * Math.abs(middleMs)) / 1_000
  return {
    donePerS,
    acceptedPerS,
    doneShare: isSeen ? donePerS / offeredPerS : undefined,
    trendShare: growth === undefined ? undefined : 1 - growth / offeredPerS,
    chanceShare: Math.sqrt(2 * underWay) / offered,
  }
}

/** What stands in the queue at two ends is much by chance where events come in batches: where the count does not hold, the line decides. */
export function keepsUp({ doneShare, trendShare, chanceShare }: WhatWasDone): TrialOutcome {
  if (doneShare === undefined) return 'undecided'
  if (doneShare >= DONE_SHARE_MIN - chanceShare) return 'passed'
  if ((trendShare ?? doneShare) < DONE_SHARE_MIN - DEVIATIONS_MAX * chanceShare) return 'failed'
  return doneShare < DONE_SHARE_LOW - chanceShare ? 'undecided' : 'passed'
}
