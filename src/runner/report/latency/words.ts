import { interval, inWords, ms, seconds } from '../../../core/base/words.ts'
import type { Cell } from '../card.ts'
import type { CheckValues, CheckWords } from '../check.ts'
import type { Percentiles } from './percentiles.ts'

/** What an interval is worth, in one sentence. */
export const INTERVAL_MEANS =
  'The interval after a percentile holds, with 95% confidence, what a much longer run of the same would show, if nothing rarer than what was seen happens in it.'
export const LEFT_OUT =
  'A percentile is left out where what is slower came in too few episodes: two requests in one stall are one observation.'

/** Of a table whose rows have a name, then percentileCells. */
export const PERCENTILE_HEAD = ['', 'samples', 'p50', 'p90', 'p99', 'p99.9', 'max', 'episodes of the slowest 1%']

/** Percentiles with their 95% confidence intervals. */
export function percentileCells({ count, p50, p90, p99, p999, maxMs, slowEpisodes }: Percentiles): Cell[] {
  const cell = (one: Percentiles['p50']) => (one ? interval(one) : 'too few')
  const max = maxMs === undefined ? null : ms(maxMs)
  return [count, cell(p50), cell(p90), cell(p99), cell(p999), max, slowEpisodes ?? null]
}

/** A p99 in a line; where there is none, the highest percentile below it, and why. */
export function p99Words({ count, p99, p90, slowEpisodes }: Percentiles): string {
  if (p99) return `p99 ${interval(p99)}`
  if (count === 0) return 'nothing measured'
  const below = p90 ? `p90 ${interval(p90)}, ` : ''
  return `${below}no p99: its slowest 1% came in ${episodes(slowEpisodes ?? 1)}`
}

const episodes = (count: number) => (count === 1 ? 'one episode' : `${count} episodes`)

/** Words for a check of a p99 against its mark. */
export function markWords(title: string): CheckWords {
  return { title, measured: markMeasured }
}

function markMeasured({ measured, slowest, episodes: seen, wouldTake, atMost }: CheckValues): string {
  if (measured !== 'too-few-episodes') {
    const inside = within(amount(atMost), measured)
    return `${inWords(measured)}${inside ? '; the mark lies in the interval: run longer, or several times' : ''}`
  }
  if (slowest === undefined) return 'nothing was accepted'
  const few = `the slowest 1% came in ${episodes(amount(seen) ?? 1)}, too few for a p99`
  return `slowest ${inWords(slowest)}; ${few}, which takes a run of some ${seconds(amount(wouldTake) ?? 0)}`
}

/** What was compared with the calm, for the words of a check by asQuick. */
export function asQuickMeasured({ measured, slowest, calm, percentile }: CheckValues): string {
  if (percentile) return `p${((amount(percentile) ?? 0) * 100).toFixed(0)} ${inWords(measured)}, calm ${inWords(calm)}`
  return slowest ? `slowest ${inWords(slowest)}, too few episodes for a percentile` : 'too few episodes'
}

function within(mark: number | undefined, measured: CheckValues[string] | undefined): boolean {
  if (mark === undefined || typeof measured !== 'object' || !('low' in measured)) return false
  return (measured.low ?? 0) <= mark && mark < (measured.high ?? 0)
}

function amount(value: CheckValues[string] | undefined): number | undefined {
  return typeof value === 'object' && 'value' in value ? value.value : undefined
}
