import { ms } from '../../../core/base/words.ts'
import type { ComparedRow, Comparison, DurabilityClass } from '../../compare/comparison-schema.ts'
import { own, page } from '../html/page.ts'
import { bound, section, table } from '../html/table.ts'
import { type Markup, markup } from '../markup.ts'
import { COMPARE_EXPLAINED, classWords, winnerWords } from '../words/compare.ts'
import { environmentWords } from '../words/run.ts'
import { cellsOf, headOf } from './table.ts'
import { aboutLines } from './text.ts'

export function comparisonHtml(comparison: Comparison): string {
  const { scenarios, environment, startedAt, command } = comparison
  const names = scenarios.map(({ scenario }) => scenario).join(', ')
  const classes = scenarios.flatMap(({ scenario, classes, acceptP99Ms }) =>
    classes.map((one) => ({ ...one, scenario, acceptP99Ms })),
  )
  const isRanked = classes.some(({ rows }) => rows.filter(({ place }) => place !== 'unranked').length > 1)
  return page({
    title: `compare ${names}`,
    styles: own('compare.css'),
    content: markup`<header class="${isRanked ? 'pass' : 'indeterminate'}">
<p class="verdict">${isRanked ? 'compared' : 'not ranked'}</p>
<h1>${names}</h1>
${classes.map((one) => markup`<p class="sentence">${winnerWords(one, comparison)}</p>`)}
<p>${startedAt.slice(0, 16).replace('T', ' ')} UTC · ${aboutLines(comparison).join(' ')}</p>
</header>
${classes.map((one) => classSection(one, comparison, classes.length > 1))}
${section('What the figures are', markup`<ul>${COMPARE_EXPLAINED.map((line) => markup`<li>${line}</li>`)}</ul>`)}
${section(
  'Runs',
  table(
    ['', 'scenario', 'stack', 'round', 'verdict', 'p99', ''],
    comparison.turns.map(({ scenario, stack, round, verdict, waits, folder }, at) => [
      ...[at + 1, scenario, stack, round + 1, verdict, waits.p99Ms === null ? 'none' : ms(waits.p99Ms)],
      markup`<a href="${folder}/report.html">report</a>`,
    ]),
  ),
)}
${section('Setting', table(['', ''], [['environment', environmentWords(environment)]]), markup`<h3>Run it again</h3><pre>${command}</pre>`)}`,
  })
}

function classSection(
  one: DurabilityClass & { readonly scenario: string; readonly acceptP99Ms: number },
  comparison: Comparison,
  isOneOfSeveral: boolean,
): Markup {
  return section(
    `${one.scenario}: ${classWords(one)}`,
    // That of a single class stands at the top of the page.
    isOneOfSeveral && markup`<p class="sentence">${winnerWords(one, comparison)}</p>`,
    strokes(one.rows, one.acceptP99Ms),
    table(
      headOf(comparison),
      one.rows.map((row) => cellsOf(row, comparison).map(bound)),
    ),
  )
}

const WIDTH = 1_000
const HEIGHT = 16

/** A row a stack: its p99 as a stroke, its interval as a line, the pass mark as another. Both ways logarithmic; names are text, so that they keep their size. */
function strokes(rows: readonly ComparedRow[], markMs: number): Markup | false {
  const known = rows.flatMap(({ stack, place, figures: { p99Ms } }) => (p99Ms ? [{ stack, place, ...p99Ms }] : []))
  if (known.length === 0) return false
  const values = known.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value])
  const least = Math.log(Math.min(...values) * 0.8)
  const most = Math.log(Math.max(...values, markMs) * 1.1)
  const x = (value: number) => Math.round(((Math.log(value) - least) / (most - least)) * WIDTH * 10) / 10
  const said = known.map(({ stack, value }) => `${stack} ${ms(value)}`).join('; ')
  return markup`<figure class="stacks"><div role="img" aria-label="Response p99 of each stack: ${said}. Allowed: ${ms(markMs)}">
${known.map(({ stack, place, value, low, high }) => {
  const upright = (at: number, kind: string) =>
    markup`<line x1="${x(at)}" x2="${x(at)}" y1="0" y2="${HEIGHT}" class="${kind}"/>`
  const interval =
    low !== null &&
    high !== null &&
    markup`<line x1="${x(low)}" x2="${x(high)}" y1="${HEIGHT / 2}" y2="${HEIGHT / 2}" class="interval"/>`
  return markup`<p>${stack}: ${ms(value)}</p><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" class="${place}">${upright(markMs, 'limit')}${interval}${upright(value, 'value')}</svg>
`
})}</div><figcaption>The stroke is the response p99 of accepted first attempts; the line holds it with 95%. Dashed: allowed, ${ms(markMs)}.</figcaption></figure>`
}
