import { percent, perS } from '../../../core/base/words.ts'
import type { Scaling } from '../../scaling/scaling-schema.ts'
import { BEYOND_MAX, OFF_MAX, POINTS_MIN, R2_MIN, type Usl, uslAt } from '../../scaling/usl.ts'

type TriedCount = Scaling['points'][number]

/** Why a count of processes has no ceiling here. */
const WHY: Readonly<Record<NonNullable<TriedCount['why']>, string>> = {
  interrupted: 'it was interrupted',
  'too-wide': 'the time was over while the interval was still wide: --budget 8m gives it more',
  'budget-over': 'the time was over before any trial counted: --budget 8m gives it more',
  'generator-bound': 'no more could be offered: a higher --max-rate may help, or --senders 2 where the sender was late',
  'below-lowest': 'it did not hold the lowest load',
  'not-measurable': 'one trial after another was INVALID: the machine does something else',
}

/** One count of processes in a line. */
export function pointWords({ processes, interval, why }: Pick<TriedCount, 'processes' | 'interval' | 'why'>): string {
  const of = `${processes} ${processes === 1 ? 'process' : 'processes'}`
  return interval ? `${of}: ${perS(interval.mid)}` : `${of}: no ceiling, as ${WHY[why ?? 'not-measurable']}`
}

/** What the law says of the points, or why there is none. */
export function fitWords({
  usl,
  refused,
  nearest,
  points,
}: Pick<Scaling, 'usl' | 'refused' | 'nearest' | 'points'>): string {
  const known = points.filter(({ interval }) => interval !== null)
  if (refused === 'too-few-points')
    return `No law is fitted: it takes ceilings of ${POINTS_MIN} counts of processes, and there are ${known.length}.`
  if (!usl) {
    const wanted = `A law is told where it explains ${percent(R2_MIN)}, or where no point is off by more than ${percent(OFF_MAX)}`
    return nearest
      ? `No law is fitted: the nearest explains ${percent(Math.max(0, nearest.r2))} of what was measured, and a point is off by ${percent(nearest.off)}. ${wanted}.`
      : `No law is fitted: none with shares of 0 or more comes near to what was measured. ${wanted}.`
  }
  const most = Math.max(...known.map(({ processes }) => processes))
  return [
    `One process takes ${perS(usl.lambda)}, and ${most} take ${(uslAt(usl, most) / usl.lambda).toFixed(1)} times as much by the law.`,
    `Of the work ${percent(usl.sigma)} is waiting for each other (σ), and ${percent(usl.kappa)} is agreeing with each other (κ).`,
    `The law explains ${percent(Math.max(0, usl.r2))} of what differs between the points, and no point is off by more than ${percent(usl.off)}.`,
    peakWords(usl, BEYOND_MAX * most),
  ].join(' ')
}

/** `limit`: the law says nothing beyond it. */
function peakWords({ peak }: Usl, limit: number): string {
  if (peak === null || peak > limit) return `Up to ${limit} processes it has no peak. Beyond that it says nothing.`
  return `Most is taken with ${Math.round(peak)} ${Math.round(peak) === 1 ? 'process' : 'processes'}.`
}
