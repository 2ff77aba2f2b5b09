import { type Check, type CheckValues, check, counted, inMs, quantile, share } from '../check.ts'
import type { Percentiles } from './percentiles.ts'

/** Without a p99 a run passes where even its slowest took no more than this share of the mark. */
const SLOWEST_OF_MARK_MAX = 0.5

const NAMES = ['p99', 'p90', 'p50'] as const

/**
 * A p99 against its mark: the whole interval must lie on one side. Where too few episodes hold the slowest 1% there is no
 * p99 to judge by. Then a run still fails where a lower percentile is above the mark for certain, and passes where
 * everything was far below it. Where nothing came through at all it fails. Else it is undecided, and so much longer a run would decide it.
 */
export function p99AtMost<const Id extends string>(
  id: Id,
  { durationMs, ...of }: Percentiles & { readonly durationMs: number },
  markMs: number,
): Check<Id> {
  const atMost = inMs(markMs)
  if (of.count === 0) return check(id, false, { measured: quantile(undefined), atMost })
  if (of.p99) {
    const ok = of.p99.highMs <= markMs ? true : of.p99.lowMs > markMs ? false : null
    return check(id, ok, { measured: quantile(of.p99), atMost })
  }
  const values = { measured: quantile(undefined), atMost, ...fewer(of, durationMs) }
  if ([of.p90, of.p50].some((one) => one && one.lowMs > markMs)) return check(id, false, values)
  const allBelow = of.maxMs !== undefined && of.maxMs <= SLOWEST_OF_MARK_MAX * markMs
  return check(id, allBelow ? true : null, values)
}

function fewer({ maxMs, slowEpisodes, p99TimesLonger }: Percentiles, durationMs: number): CheckValues {
  return {
    ...(maxMs === undefined ? {} : { slowest: inMs(maxMs) }),
    ...(slowEpisodes === undefined ? {} : { episodes: counted(slowEpisodes) }),
    ...(p99TimesLonger === undefined ? {} : { wouldTake: inMs(p99TimesLonger * durationMs) }),
  }
}

/**
 * Whether something was as quick as in the calm, where `limitMs` says how slow it may be beside the calm. By the highest
 * percentile that both have; undecided where the two intervals leave room for either answer. Without one it is as quick
 * where even its slowest took no more than is allowed beside a calm of no time at all.
 */
export function asQuick(
  calm: Percentiles,
  under: Percentiles,
  limitMs: (calmMs: number) => number,
): { readonly ok: boolean | null; readonly values: CheckValues } {
  const both = highestOfBoth(calm, under)
  if (!both) {
    const slowest = under.maxMs === undefined ? {} : { slowest: inMs(under.maxMs) }
    const ok = calm.count > 0 && under.maxMs !== undefined && under.maxMs <= limitMs(0) ? true : null
    return { ok, values: { measured: quantile(undefined), atMost: inMs(limitMs(0)), ...slowest } }
  }
  const holds = both.under.highMs <= limitMs(both.calm.lowMs)
  const broken = both.under.lowMs > limitMs(both.calm.highMs)
  const [measured, was] = [quantile(both.under), inMs(both.calm.ms)]
  const values = { measured, calm: was, atMost: inMs(limitMs(both.calm.ms)), percentile: share(both.share) }
  return { ok: holds ? true : broken ? false : null, values }
}

function highestOfBoth(calm: Percentiles, under: Percentiles) {
  for (const name of NAMES) {
    const [one, other] = [calm[name], under[name]]
    if (one && other) return { share: SHARES[name], calm: one, under: other }
  }
}

const SHARES: Readonly<Record<(typeof NAMES)[number], number>> = { p99: 0.99, p90: 0.9, p50: 0.5 }
