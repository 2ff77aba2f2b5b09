import { styleText } from 'node:util'
import { oneLined } from '../../../core/base/one-line.ts'
import { markdownTable } from '../../../core/base/table.ts'
import type { Changes } from '../../compare/changes.ts'
import { fittingTo } from '../fitting.ts'
import { page } from '../html/page.ts'
import { section, table } from '../html/table.ts'
import { forMarkdown } from '../in-markdown.ts'
import { type Markup, markup } from '../markup.ts'
import { CHANGES_HEAD, changeRows, changesAbout, changesWords } from '../words/changes.ts'
import { writeCompared } from './files.ts'

const isFigure = (column: number) => column > 0 && column < 5
const COLOURS = { 'no-regression': 'green', regression: 'red', 'not-comparable': 'magenta' } as const

/** For the terminal; `columns`: how wide it is. */
export function changesLines(raw: Changes, columns?: number): string[] {
  const changes = oneLined(raw)
  const { sentence, table: lines } = fittingTo(columns)
  return [
    '',
    ...sentence(changesWords(changes)).map((line) => styleText([COLOURS[changes.outcome], 'bold'], line)),
    '',
    ...(changes.notComparable ? [] : [...lines(CHANGES_HEAD, changeRows(changes), isFigure), '']),
    ...changesAbout(changes).flatMap(sentence),
    '',
  ]
}

/** Writes every rendering of what changed into a folder. */
export function renderChanges(changes: Changes, folder: string): void {
  const renderings = { html: changesHtml, markdown: changesMarkdown, junit: changesJunit }
  writeCompared(folder, 'changes', changes, renderings)
}

/** For a job's summary. */
export function changesMarkdown(raw: Changes): string {
  const changes = forMarkdown(raw)
  return [
    `### floodmark ${changes.scenario}: ${changes.outcome === 'regression' ? '**regression**' : changes.outcome.replace('-', ' ')}`,
    '',
    changesWords(changes),
    '',
    ...(changes.notComparable ? [] : [...markdownTable(CHANGES_HEAD, changeRows(changes), isFigure), '']),
    ...changesAbout(changes).map((line) => `- ${line}`),
    '',
  ].join('\n')
}

export function changesHtml(changes: Changes): string {
  const tone = { 'no-regression': 'pass', regression: 'fail', 'not-comparable': 'invalid' }[changes.outcome]
  return page({
    title: `${changes.before.name} and ${changes.after.name}`,
    content: markup`<header class="${tone}">
<p class="verdict">${changes.outcome.replace('-', ' ')}</p>
<h1>${changes.scenario}: ${changes.before.name} and ${changes.after.name}</h1>
<p class="sentence">${changesWords(changes)}</p>
</header>
${!changes.notComparable && section('What changed', table(CHANGES_HEAD, changeRows(changes)))}
${section('What that rests on', markup`<ul>${changesAbout(changes).map((line) => markup`<li>${line}</li>`)}</ul>`)}`,
  })
}

/** One test case a figure, and one each for what no figure says. */
export function changesJunit(changes: Changes): string {
  const { scenario, figures, counts, failsNow, notComparable } = changes
  const words = changesWords(changes)
  const regressions = [...figures, ...counts].map(({ isRegression }) => isRegression)
  const cases: (readonly [name: string, inner: Markup | false])[] = [
    ['comparable', notComparable !== null && markup`<skipped message="${words}"/>`],
    ['verdict', failsNow && markup`<failure message="${words}"/>`],
    ...changeRows(changes).map(([name = '', before, after, change], at) => {
      const isWorse = regressions[at] === true
      return [name, isWorse && markup`<failure message="${before} before, ${after} after ${change}"/>`] as const
    }),
  ]
  const failures = [failsNow, ...regressions].filter((one) => one).length
  return markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="floodmark ${scenario}" tests="${cases.length}" failures="${failures}" skipped="${notComparable ? 1 : 0}">
${cases.map(([name, inner]) => markup`  <testcase classname="compare ${scenario}" name="${name}">${inner}</testcase>\n`)}</testsuite>
`.text
}
