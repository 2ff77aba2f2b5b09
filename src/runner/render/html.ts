import { oneLined } from '../../core/base/one-line.ts'
import type { Report } from '../report/report-schema.ts'
import { badEvents } from './html/bad-events.ts'
import { cardSections, leads } from './html/cards.ts'
import { chartData, charts } from './html/charts.ts'
import { type Alongside, firstScreen } from './html/first-screen.ts'
import { library, own, page } from './html/page.ts'
import { setting } from './html/setting.ts'
import { accounting, checksTable, percentileTable } from './html/summary.ts'
import { type Markup, markup, trusted } from './markup.ts'
import { sayCards } from './words/cards.ts'

export function html(raw: Report, beside: Alongside = {}): string {
  const report = oneLined(raw)
  return page({
    title: `${report.verdict} · ${report.scenario.name}`,
    styles: library('uplot/dist/uPlot.min.css'),
    content: body(report, beside),
    scripts: markup`<script>${library('uplot/dist/uPlot.iife.min.js')}</script>
<script id="data" type="application/json">${chartData(report)}</script>
<script>${own('page.js')}</script>
`,
  })
}

/** First what it means, then why, then everything that it was made from. */
function body(report: Report, beside: Alongside): Markup[] {
  const cards = sayCards(report)
  const below = [
    checksTable(report),
    ...badEvents(report),
    ...charts(report),
    accounting(report, cards),
    percentileTable(report),
    ...cardSections(cards),
    setting(report),
  ]
  return [firstScreen(report, beside), ...leads(cards), contents(below), ...below]
}

/** Where everything is, from the titles of the sections. */
function contents(sections: readonly Markup[]): Markup {
  const found = sections.flatMap(({ text }) => [...text.matchAll(/<section id="([^"]*)"><h2>(.*?)<\/h2>/g)])
  return markup`<nav aria-label="Contents">${found.map(([, id, title]) => markup`<a href="#${trusted(id!)}">${trusted(title!.split(/,| of /)[0]!)}</a> `)}</nav>`
}
