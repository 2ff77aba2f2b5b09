import { library, own, page } from './html/page.ts'
import { section } from './html/table.ts'
import { markup } from './markup.ts'

/** The page of a run that goes on: the report's own charts, as far as they have come. It is told by server-sent events. */
export function liveHtml(): string {
  const chart = (id: string, title: string, words: string) =>
    section(title, markup`<div class="chart" id="${id}" role="img" aria-label="${title}: ${words}"></div>`)
  return page({
    title: 'live',
    styles: library('uplot/dist/uPlot.min.css'),
    content: markup`<header class="live"><p class="verdict" id="phase" role="status">starts</p>
<h1 id="title"></h1>
<p class="sentence" id="left"></p>
<ul id="found"></ul>
<div class="tiles" id="tiles"></div>
<p class="about">The page is served by a process of its own. At the end it becomes the report.</p></header>
<div class="charts">
${chart('latency', 'Latency of accepted attempts, ms', 'the tiles above have the latest')}
${chart('rates', 'Rates, events/s', 'the tiles above have the latest')}
${chart('backlog', 'Backlog, events', 'the tiles above have the latest')}
</div>
${section('Runs that are over', markup`<ul id="notes"></ul>`)}`,
    scripts: markup`<script>${library('uplot/dist/uPlot.iife.min.js')}</script>
<script>${own('page.js')}</script>
<script>${own('live.js')}</script>
`,
  })
}
