import { oneLined } from '../../core/base/one-line.ts'
import type { Report } from '../report/report-schema.ts'
import { badEvents } from './html/bad-events.ts'
import { cardSections, leads } from './html/cards.ts'
import { chartData, charts } from './html/charts.ts'
import { library, own, page } from './html/page.ts'
import { setting } from './html/setting.ts'
import { accounting, checksTable, figures, header, percentileTable } from './html/summary.ts'
import { type Markup, markup } from './markup.ts'
import { sayCards } from './words/cards.ts'

export function html(raw: Report): string {
  const report = oneLined(raw)
  return page({
    title: `${report.verdict} · ${report.scenario.name}`,
    styles: library('uplot/dist/uPlot.min.css'),
    content: body(report),
    scripts: markup`<script>${library('uplot/dist/uPlot.iife.min.js')}</script>
<script id="data" type="application/json">${chartData(report)}</script>
<script>${own('page.js')}</script>
`,
  })
}

/** First whether it passed, then why, then everything that it was made from. */
function body(report: Report): Markup[] {
  const cards = sayCards(report)
  return [
    header(report),
    ...leads(cards),
    figures(report),
    checksTable(report),
    ...badEvents(report),
    ...charts(report),
    accounting(report, cards),
    ...cardSections(cards),
    percentileTable(report),
    setting(report),
  ]
}
