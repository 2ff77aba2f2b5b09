import { basename } from 'node:path'
import { ms } from '../../../core/base/words.ts'
import { page } from '../html/page.ts'
import { section, table } from '../html/table.ts'
import { type Markup, markup } from '../markup.ts'
import type { HistoryRow } from './row.ts'

const WIDTH = 240
const HEIGHT = 56
const EDGE = 6
/** Of one stack, the latest. */
const TREND_MAX = 40

/** reports/index.html: the trend of each stack, then every run, newest first. */
export function historyPage(rows: readonly HistoryRow[]): string {
  return page({
    title: 'reports',
    content: markup`<header><h1 class="verdict">Reports</h1>
<p>${rows.length} in this folder, newest first. A trend is that of the response p99 over the runs of one scenario and stack, oldest first.</p></header>
${trends(rows)}
${section(
  'All',
  table(
    ['when (UTC)', 'verdict', 'what', 'stack', 'peak', 'p99', 'ceiling', 'tag', ''],
    rows.map((row) => [
      ...[row.when, verdictMark(row.verdict), row.what, row.stack, row.peak, row.p99, row.ceiling, row.tag],
      row.page ? markup`<a href="${encodeURIComponent(basename(row.folder))}/${row.page}">open</a>` : '',
    ]),
  ),
)}`,
  })
}

const TONES: Readonly<Record<string, string>> = { PASS: 'good', FAIL: 'failed' }
const verdictMark = (verdict: string) => markup`<b class="${TONES[verdict] ?? ''}">${verdict}</b>`

function trends(rows: readonly HistoryRow[]): Markup | false {
  const measured = rows.filter(({ p99Ms, verdict }) => p99Ms !== null && verdict !== 'INVALID')
  const groups = [...Map.groupBy(measured, ({ what, stack, peak }) => `${what}: ${stack}, ${peak}`)]
  const several = groups.filter(([, members]) => members.length > 1)
  if (several.length === 0) return false
  return section('Trends', markup`<div class="trends">${several.map(([name, members]) => trend(name, members))}</div>`)
}

function trend(name: string, newestFirst: readonly HistoryRow[]): Markup {
  const values = newestFirst.slice(0, TREND_MAX).toReversed()
  const all = values.map(({ p99Ms }) => Math.log(p99Ms!))
  const [least, most] = [Math.min(...all), Math.max(...all)]
  const x = (at: number) => Math.round(EDGE + (at / Math.max(1, all.length - 1)) * (WIDTH - 2 * EDGE))
  const y = (value: number) =>
    Math.round(HEIGHT - EDGE - ((value - least) / Math.max(0.01, most - least)) * (HEIGHT - 2 * EDGE))
  const said = values.map(({ p99 }) => p99).join(', ')
  return markup`<figure><figcaption>${name}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Response p99 of ${values.length} runs, oldest first: ${said}">
<polyline points="${all.map((value, at) => `${x(at)},${y(value)}`).join(' ')}" fill="none" stroke="var(--a)" stroke-width="2"/>
${values.map(
  ({ verdict, when, p99 }, at) =>
    markup`<circle cx="${x(at)}" cy="${y(all[at]!)}" r="4" fill="${verdict === 'FAIL' ? 'var(--b)' : 'var(--a)'}"><title>${when}: ${p99}, ${verdict}</title></circle>`,
)}
</svg><p>${ms(Math.exp(least))} … ${ms(Math.exp(most))}, last ${values.at(-1)!.p99}</p></figure>`
}
