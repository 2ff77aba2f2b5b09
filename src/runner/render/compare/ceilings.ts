import { styleText } from 'node:util'
import { oneLined } from '../../../core/base/one-line.ts'
import { markdownTable, FIGURES as RIGHT } from '../../../core/base/table.ts'
import { perS } from '../../../core/base/words.ts'
import { type CeilingRow, type ComparedCeilings, ceilingsSchema } from '../../compare/ceilings-schema.ts'
import { fittingTo } from '../fitting.ts'
import { own, page } from '../html/page.ts'
import { bound, section, table } from '../html/table.ts'
import { code, forMarkdown } from '../in-markdown.ts'
import { type Markup, markup } from '../markup.ts'
import { classWords } from '../words/compare.ts'
import {
  aboutCeilings,
  CEILINGS_EXPLAINED,
  CEILINGS_HEAD,
  ceilingsCells,
  highestWords,
  whyCeilingWords,
} from '../words/compare-ceilings.ts'
import { environmentWords } from '../words/run.ts'
import { writeCompared } from './files.ts'

/** Writes every rendering of a comparison of ceilings into its folder. */
export function renderCeilings(compared: ComparedCeilings, folder: string): void {
  writeCompared(folder, 'compare', ceilingsSchema.parse(compared), { html: ceilingsHtml, markdown, junit })
}

/** For the terminal; `columns`: how wide it is. */
export function ceilingsLines(raw: ComparedCeilings, columns?: number): string[] {
  const compared = oneLined(raw)
  const { sentence, table: lines } = fittingTo(columns)
  const classes = compared.classes.flatMap((one) => [
    '',
    ...sentence(classWords(one)),
    ...sentence(highestWords(one)).map((line) => styleText('bold', line)),
    '',
    ...lines(CEILINGS_HEAD, one.rows.map(ceilingsCells)),
  ])
  return ['', styleText('bold', 'compare ceilings'), ...classes, '', ...aboutCeilings(compared).flatMap(sentence), '']
}

function markdown(raw: ComparedCeilings): string {
  const compared = forMarkdown(raw)
  const { classes, environment, startedAt } = compared
  return [
    '# Ceilings compared',
    '',
    `Made by ${code(raw.command)} on ${startedAt.slice(0, 10)}, on ${environmentWords(environment)}. ${aboutCeilings(compared).join(' ')}`,
    '',
    ...classes.flatMap((one) => [
      `## ${classWords(one)}`,
      '',
      highestWords(one),
      '',
      ...markdownTable(CEILINGS_HEAD, one.rows.map(ceilingsCells), RIGHT),
      '',
    ]),
    '## What the columns are',
    '',
    ...CEILINGS_EXPLAINED.map((line) => `- ${line}`),
    '',
  ].join('\n')
}

export function ceilingsHtml(compared: ComparedCeilings): string {
  const { classes, environment, startedAt, command } = compared
  const rows = classes.flatMap((one) => one.rows)
  const isRanked = classes.some((one) => one.rows.filter(({ place }) => place !== 'unranked').length > 1)
  return page({
    title: 'compare ceilings',
    styles: own('compare.css'),
    content: markup`<header class="${isRanked ? 'pass' : 'indeterminate'}">
<p class="verdict">${isRanked ? 'compared' : 'not ranked'}</p>
<h1>ceilings</h1>
${classes.map((one) => markup`<p class="sentence">${highestWords(one)}</p>`)}
<p>${startedAt.slice(0, 16).replace('T', ' ')} UTC · ${aboutCeilings(compared).join(' ')}</p>
</header>
${classes.map((one) =>
  section(
    classWords(one),
    classes.length > 1 && markup`<p class="sentence">${highestWords(one)}</p>`,
    bars(one.rows, Math.max(...rows.map(endOf))),
    table(
      CEILINGS_HEAD,
      one.rows.map((row) => ceilingsCells(row).map(bound)),
    ),
  ),
)}
${section('What the figures are', markup`<ul>${CEILINGS_EXPLAINED.map((line) => markup`<li>${line}</li>`)}</ul>`)}
${section(
  'Searches',
  table(
    ['stack', ''],
    rows.map(({ stack, folder }) => [stack, markup`<a href="${folder}/ceiling.html">every trial</a>`]),
  ),
)}
${section('Setting', table(['', ''], [['environment', environmentWords(environment)]]), markup`<h3>Run it again</h3><pre>${command}</pre>`)}`,
  })
}

const WIDTH = 1_000
const BAR = 14
const HEIGHT = 24

const endOf = ({ found: { interval, soakedPerS } }: CeilingRow) => Math.max(interval?.high ?? 0, soakedPerS ?? 0)

/** A bar a stack: its ceiling, the interval as a line across its end, what was soaked as a stroke below. All bars of a page have one scale. */
function bars(rows: readonly CeilingRow[], mostPerS: number): Markup | false {
  const known = rows.flatMap((row) => (row.found.interval ? [{ ...row, interval: row.found.interval }] : []))
  if (known.length === 0) return false
  const x = (value: number) => Math.round((value / mostPerS) * WIDTH * 10) / 10
  const said = known.map(({ stack, interval }) => `${stack} ${perS(interval.mid)}`).join('; ')
  return markup`<figure class="stacks"><div role="img" aria-label="Ceiling of each stack: ${said}">
${known.map(({ stack, place, interval: { low, mid, high }, found: { soakedPerS } }) => {
  const soaked =
    soakedPerS !== null &&
    markup`<line x1="${x(soakedPerS)}" x2="${x(soakedPerS)}" y1="${BAR + 2}" y2="${HEIGHT}" class="soaked"/>`
  return markup`<p>${stack}: ${perS(mid)}</p><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" class="${place}"><rect width="${x(mid)}" height="${BAR}"/><line x1="${x(low)}" x2="${x(high)}" y1="${BAR / 2}" y2="${BAR / 2}" class="soaked"/>${soaked}</svg>
`
})}</div><figcaption>Each bar ends at the stack’s ceiling, events a second. The line across its end holds it with 90%. The stroke below is the rate that was held in a soak.</figcaption></figure>`
}

/** One test case a stack: it fails where the stack did not hold the lowest load. */
function junit({ classes }: ComparedCeilings): string {
  const rows = classes.flatMap((one) => one.rows)
  const failed = rows.filter(({ why }) => why === 'below-lowest').length
  const skipped = rows.filter(({ why }) => why !== null && why !== 'below-lowest').length
  const cases = rows.map((row) => {
    const words = row.why && whyCeilingWords(row)
    const inner =
      row.why === 'below-lowest'
        ? markup`<failure message="${words}"/>`
        : row.why !== null && markup`<skipped message="${words}"/>`
    return markup`  <testcase classname="compare ceilings" name="${row.stack}">${inner}</testcase>\n`
  })
  return markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="floodmark compare ceilings" tests="${rows.length}" failures="${failed}" skipped="${skipped}">
${cases}</testsuite>
`.text
}
