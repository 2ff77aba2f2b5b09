import { interval, ms } from '../../core/base/words.ts'
import type { Cell } from './card.ts'
import type { Percentiles } from './common-schema.ts'

/** Of a table whose rows have a name, then percentileCells. */
export const PERCENTILE_HEAD = ['', 'samples', 'p50', 'p90', 'p99', 'p99.9', 'max']

/** Percentiles with their 95% confidence intervals. */
export function percentileCells({ count, p50, p90, p99, p999, maxMs }: Percentiles): Cell[] {
  const cell = (one: Percentiles['p50']) => (one ? interval(one) : 'too few')
  return [count, cell(p50), cell(p90), cell(p99), cell(p999), maxMs === undefined ? null : ms(maxMs)]
}
