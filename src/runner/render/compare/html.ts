import { ms } from '../../../core/base/words.ts'
import type { ComparedRow, Comparison, DurabilityClass } from '../../compare/comparison-schema.ts'
import { page } from '../html/page.ts'
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
    isWide: true,
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
    dots(one.rows, one.acceptP99Ms),
    table(
      headOf(comparison),
      one.rows.map((row) => cellsOf(row, comparison).map(bound)),
    ),
  )
}

const WIDTH = 640
const ROW = 46
const SIDE = 12

/** A row a stack: its p99 as a dot, its interval as a line, the pass mark across all. Both ways logarithmic. */
function dots(rows: readonly ComparedRow[], markMs: number): Markup | false {
  const known = rows.flatMap(({ stack, place, figures: { p99Ms } }) => (p99Ms ? [{ stack, place, ...p99Ms }] : []))
  if (known.length === 0) return false
  const values = known.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value])
  const least = Math.log(Math.min(...values) * 0.8)
  const most = Math.log(Math.max(...values, markMs) * 1.1)
  const x = (value: number) =>
    Math.round((SIDE + ((Math.log(value) - least) / (most - least)) * (WIDTH - 2 * SIDE)) * 10) / 10
  const height = known.length * ROW + 26
  const said = known.map(({ stack, value }) => `${stack} ${ms(value)}`).join('; ')
  return markup`<figure class="ceiling"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Response p99 of each stack: ${said}. Allowed: ${ms(markMs)}">
<line x1="${x(markMs)}" x2="${x(markMs)}" y1="0" y2="${height - 22}" stroke="var(--e)" stroke-dasharray="6 4"/>
<text x="${x(markMs) - 4}" y="${height - 6}" text-anchor="end" class="mark">allowed: ${ms(markMs)}</text>
${known.map(({ stack, place, value, low, high }, at) => {
  const y = at * ROW + 32
  const ink = place === 'first' || place === 'tied' ? 'var(--c)' : place === 'behind' ? 'var(--a)' : 'var(--soft)'
  return markup`<text x="${SIDE}" y="${y - 14}">${stack}: ${ms(value)}</text>
${low !== null && high !== null && markup`<line x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}" stroke="${ink}" stroke-width="3"/>`}
<circle cx="${x(value)}" cy="${y}" r="6" fill="${ink}"/>`
})}
</svg><figcaption>Response p99 of accepted first attempts; the line holds it with 95%.</figcaption></figure>`
}
