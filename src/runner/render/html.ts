import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Report } from '../report/report-schema.ts'
import { badEvents } from './html/bad-events.ts'
import { cardSections, leads } from './html/cards.ts'
import { chartData, charts } from './html/charts.ts'
import { setting } from './html/setting.ts'
import { accounting, checksTable, figures, header, percentileTable } from './html/summary.ts'
import { type Markup, markup, trusted } from './markup.ts'
import { sayCards } from './words/cards.ts'

const library = (url: string) => trusted(readFileSync(fileURLToPath(import.meta.resolve(url)), 'utf8'))
const own = (name: string) => trusted(readFileSync(new URL(name, import.meta.url), 'utf8'))

/** One self-contained page: no request leaves it. */
export function html(report: Report): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${report.verdict} · ${report.scenario.name} · floodmark</title>
<style>${library('uplot/dist/uPlot.min.css')}${own('./page.css')}</style>
</head>
<body>
<main>
${body(report)}</main>
<script>${library('uplot/dist/uPlot.iife.min.js')}</script>
<script id="data" type="application/json">${chartData(report)}</script>
<script>${own('./page.js')}</script>
</body>
</html>
`.text
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
