import type { Distribution } from '../report/cards/distribution.ts'

/** The percentile distribution as HdrHistogram's tools write and plot it; values in ms. */
export function hgrm({ points, count, meanMs, deviationMs, maxMs }: Distribution): string {
  const lines = points.map(({ share, ms }) => {
    const line = `${ms.toFixed(3).padStart(12)} ${share.toFixed(12)} ${String(Math.round(share * count)).padStart(10)}`
    // The slowest has no place on an axis of 1/(1-Percentile): plotters pass over a line of three.
    return share === 1 ? line : `${line} ${(1 / (1 - share)).toFixed(2).padStart(14)}`
  })
  const pair = (a: string, b: number, c: string, d: string) =>
    `#[${a.padEnd(8)}= ${b.toFixed(3).padStart(12)}, ${c.padEnd(15)}= ${d.padStart(12)}]`
  return [
    '       Value     Percentile TotalCount 1/(1-Percentile)',
    '',
    ...lines,
    pair('Mean', meanMs, 'StdDeviation', deviationMs.toFixed(3)),
    pair('Max', maxMs, 'Total count', String(count)),
    '',
  ].join('\n')
}
