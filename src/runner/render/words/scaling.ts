import { percent, perS } from '../../../core/base/words.ts'
import type { Scaling } from '../../scaling/scaling-schema.ts'
import { BEYOND_MAX, POINTS_MIN, R2_MIN } from '../../scaling/usl.ts'

/** What the law says of the points, or why there is none. */
export function fitWords({ usl, refused, points }: Pick<Scaling, 'usl' | 'refused' | 'points'>): string {
  const known = points.filter(({ interval }) => interval !== null)
  if (refused === 'too-few-points')
    return `No law is fitted: it takes ceilings of ${POINTS_MIN} counts of processes, and there are ${known.length}.`
  if (!usl) return `No law is fitted: the best explains less than ${percent(R2_MIN)} of what was measured.`
  const { lambda, sigma, kappa, peak, r2 } = usl
  const most = Math.max(...known.map(({ processes }) => processes))
  const parts = [
    `One process takes ${perS(lambda)}; ${percent(sigma)} is waiting for each other (σ), ${percent(kappa)} agreeing (κ)`,
    `the law explains ${percent(r2)} of what was measured`,
  ]
  const limit = BEYOND_MAX * most
  const end =
    peak === null || peak > limit
      ? `up to ${limit} processes it has no peak, and beyond that it says nothing`
      : `most is taken with ${Math.max(1, Math.round(peak))} processes`
  return `${[...parts, end].join('; ')}.`
}
