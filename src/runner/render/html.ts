import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { interval, ms, percent } from '../../core/base/words.ts'
import { throughBalancer } from '../report/checks.ts'
import type { Report } from '../report/report-schema.ts'
import { ATTACK_HEAD, attackRows, attackWords } from './attacks.ts'
import { driftSection } from './drift.ts'
import { escapeXml } from './junit.ts'
import { letterTables } from './letters.ts'
import { bandsOf, markWords } from './marks.ts'
import { payloadLines } from './payload.ts'
import { reconciledLines } from './reconciled.ts'

const read = (url: string) => readFileSync(fileURLToPath(import.meta.resolve(url)), 'utf8')
const own = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')

/** One self-contained page: no request leaves it. */
export function html(report: Report): string {
  const { scenario, setup } = report
  const data = JSON.stringify({
    timeline: report.timeline,
    processes: report.processes,
    phases: scenario.phases,
    bands: bandsOf(report.faults),
    recoveredAtMs: recoveredAtMs(report),
  }).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeXml(`${report.verdict} · ${scenario.name} · floodmark`)}</title>
<style>${read('uplot/dist/uPlot.min.css')}${own('./page.css')}</style>
</head>
<body>
<main>
<header class="${report.verdict.toLowerCase()}">
<p class="verdict">${report.verdict}${report.interrupted ? ' (interrupted)' : ''}</p>
<h1>${escapeXml(scenario.name)}: ${escapeXml(`${setup.receiver} → ${setup.queue} → ${setup.ledger}`)}</h1>
<p>${escapeXml(scenario.question)}</p>
</header>
${report.delivery.diagnosis ? `<section class="diagnosis ${report.delivery.diagnosis.state.replace(' ', '-')}"><p>${escapeXml(report.delivery.diagnosis.says)}</p></section>` : ''}
${figures(report)}
${checks(report)}
<section><h2>Latency from the intended time</h2>
<p>Counted from the moment each event was due, not from when a socket was free: a stall shows in every event that it delayed.</p>
<div class="chart" id="latency"></div></section>
<section><h2>Rates</h2>
<p>Accepted counts each event once. Accepted below the first attempts: senders are kept waiting, and come again.</p>
<div class="chart" id="rates"></div></section>
<section><h2>Backlog</h2><div class="chart" id="backlog"></div></section>
<section><h2>Age</h2><p>How long the oldest of what took effect had waited since it was accepted.</p><div class="chart" id="age"></div></section>
<section><h2>CPU</h2><p>1 is one core.</p><div class="chart" id="cpu"></div></section>
<section><h2>Memory</h2><p>What each process holds for itself; mapped files are left out where the system tells them apart.</p><div class="chart" id="memory"></div>${memory(report)}</section>
${accounting(report)}
${lines('Found by polling', reconciledLines(report))}
${lines('Bodies', payloadLines(report))}
${attacks(report)}
${driftSection(report, table)}
${resentTable(report)}${percentileTable(report)}
${rest(report)}
</main>
<script>${read('uplot/dist/uPlot.iife.min.js')}</script>
<script id="data" type="application/json">${data}</script>
<script>${own('./page.js')}</script>
</body>
</html>
`
}

/** When goodput was back for good after the last fault, where retries made that a question; else null. */
function recoveredAtMs({ delivery, faults }: Report): number | null {
  if (delivery.diagnosis?.state !== 'recovered' || delivery.recoveredMs === null) return null
  return Math.max(...faults.map(({ untilMs }) => untilMs)) + delivery.recoveredMs
}

function lines(title: string, all: readonly string[]): string {
  const paragraphs = all.map((line) => `<p>${escapeXml(line)}.</p>`).join('')
  return all.length === 0 ? '' : `<section><h2>${title}</h2>${paragraphs}</section>`
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = (tag: string, row: readonly (string | number)[]) =>
    row.map((cell) => `<${tag}>${escapeXml(String(cell))}</${tag}>`).join('')
  return `<div class="scroll"><table><thead><tr>${cells('th', head)}</tr></thead><tbody>${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('')}</tbody></table></div>`
}

function figures({ latency, audit, setup, durability }: Report): string {
  const figure = (value: string, name: string) => `<div><b>${escapeXml(value)}</b><span>${escapeXml(name)}</span></div>`
  return `<section class="figures">${[
    figure(latency.response.p99 ? ms(latency.response.p99.ms) : 'too few samples', 'response p99'),
    figure(`${Math.round(setup.peakPerS)}/s`, 'planned at the peak'),
    figure(String(audit.lost), 'accepted and lost'),
    figure(String(audit.duplicateEffects), 'double effects'),
    figure(durability.queue.survives.join(', ') || 'nothing', 'a 2xx survives'),
  ].join('')}</section>`
}

function checks(report: Report): string {
  const rows = report.checks.map(({ check, ok, measured, wanted, warning }) => [
    warning ? 'warning' : ok ? 'ok' : ok === null ? 'undecided' : 'FAILED',
    check,
    measured,
    wanted,
  ])
  return `<section><h2>Checks</h2>${table(['', 'check', 'measured', 'wanted'], rows)}</section>`
}

function memory({ processes }: Report): string {
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
  const rows = processes.map((one) => {
    const { rssSlopeBytesPerMin: slope, rssSlopeErrorBytesPerMin: error } = one
    return [
      one.name,
      mib(one.rssMaxBytes),
      slope === null || error === null ? 'too few samples' : `${mib(slope)}/min ± ${mib(1.96 * error)}`,
      `${one.cpuSeconds.toFixed(1)} s`,
    ]
  })
  return table(['process', 'most memory', 'trend after the first third', 'CPU time'], rows)
}

function accounting(report: Report): string {
  const { audit, delivery } = report
  const rows = [
    ['applied', audit.applied, 'took effect'],
    ['dead letters', audit.buried, 'kept with payload and reason'],
    ['refused', audit.refused, 'the sender knows; refusing is not losing'],
    ['unsent', audit.unsent, 'the generator could not; makes the run INVALID'],
    ['unknown', audit.unknown, 'no answer, and no effect'],
    [
      'lost',
      audit.lost,
      audit.lossBound95 === null
        ? 'accepted, then gone'
        : `accepted, then gone; 95% sure: below ${percent(audit.lossBound95)}`,
    ],
    ['= planned', audit.planned, 'the six classes add up'],
    ['double effects', audit.duplicateEffects, 'must be 0'],
    ['out of order', audit.reordered, 'within a key'],
    ['never sent', audit.unexpected, 'effects that nobody asked for'],
    ['duplicates absorbed', audit.duplicatesAbsorbed, 'extra deliveries; a cost, not a fault'],
    ['applied after a refusal', audit.appliedAfterRefusal, 'the answer was not 2xx, the event was kept'],
  ]
  const givenUp = delivery.givenUp.map(({ provider, reason, count }) => [provider, reason, count])
  const retried = `${delivery.attempts} attempts, ${delivery.amplification.toFixed(2)} for each event${delivery.recoveredMs === null ? '' : `; goodput was back ${seconds(delivery.recoveredMs)} after the last fault`}.`
  return `<section><h2>Accounting</h2>${table(['class', 'events', ''], rows)}<p>${retried}</p>${givenUp.length > 0 ? `<h3>Never accepted, and given up</h3>${table(['by', 'because', 'events'], givenUp)}` : ''}${letterTables(report, table)}</section>`
}

function attacks({ attack }: Report): string {
  if (!attack) return ''
  return `<section><h2>Attack traffic</h2><p>${escapeXml(attackWords(attack))}</p>${table(ATTACK_HEAD, attackRows(attack))}</section>`
}

function resentTable({ resent = [], audit }: Report): string {
  if (resent.length === 0) return ''
  const rows = resent.map((one) => [
    one.provider,
    one.signature === 'fresh' ? 'signed anew' : 'as recorded, a day old',
    one.sent,
    one.accepted,
    one.refusedAsStale,
    one.otherwise,
    one.wanted === 'accepted' ? 'accepted, absorbed as known' : 'refused as stale',
  ])
  const head = [
    'provider',
    'signature',
    'sent again',
    'accepted',
    'refused (400, 401)',
    'other answers',
    'its provider documents',
  ]
  return `<section><h2>Sent again</h2><p>Senders sent events a second time, as a resend button or a captured request would. Of what is accepted none may take effect again: ${audit.duplicatesAbsorbed} deliveries were absorbed, ${audit.duplicateEffects} took effect twice.</p>${table(head, rows)}</section>`
}

function percentileTable({ latency, undisturbed = [], replayed }: Report): string {
  const cell = (q: { ms: number; lowMs: number; highMs: number } | undefined) => (q ? interval(q) : 'too few')
  const rows = Object.entries({
    'response: done − intended': latency.response,
    'service: done − sent': latency.service,
    'lateness: sent − intended': latency.lateness,
    'accepted → effect': latency.acceptToEffect,
    ...Object.fromEntries(undisturbed.map((one) => [`good events, ${one.name}`, one.acceptToEffect])),
  }).map(([name, one]) => [
    name,
    one.count,
    cell(one.p50),
    cell(one.p90),
    cell(one.p99),
    cell(one.p999),
    one.maxMs === undefined ? '' : ms(one.maxMs),
  ])
  return `<section><h2>Percentiles</h2><p>With 95% confidence intervals; left out where there are too few samples.${undisturbed.length > 0 ? ` Good events are those whose effect is not planned to fail; theirs is the time from accepted to effect.${replayed ? ' That of events which were buried has the wait for their replay in it.' : ''}` : ''}</p>${table(['', 'samples', 'p50', 'p90', 'p99', 'p99.9', 'max'], rows)}</section>`
}

const seconds = (atMs: number) => `${(atMs / 1_000).toFixed(1)} s`

function rest({
  generator,
  durability,
  environment,
  setup,
  reproduce,
  errors,
  startedAt,
  servers,
  faults,
}: Report): string {
  const rows = [
    [
      'queue',
      `${durability.queue.server}; survives ${durability.queue.survives.join(', ') || 'nothing'}; order: ${durability.queue.order}`,
    ],
    ['ledger', `${durability.ledger.server}; survives ${durability.ledger.survives.join(', ') || 'nothing'}`],
    ['base rate', `${setup.ratePerS}/s: ${setup.rateChosen}`],
    ['mix', setup.mix.map(({ provider, share }) => `${provider} ${percent(share)}`).join(', ')],
    [
      'sender',
      `${generator.offeredPerS.toFixed(0)}/s on average, ${percent(generator.achievedRatio)} of the plan; lateness p50 ${ms(generator.latenessP50Ms)}, p99 ${ms(generator.latenessP99Ms)}, max ${ms(generator.latenessMaxMs)}; event loop ${percent(generator.eventLoopUtilization)} busy; ${generator.connectionsOpenedMax} of at most ${setup.connectionsMax} connections${throughBalancer(setup)}`,
    ],
    [
      'environment',
      `${environment.cpu}, ${environment.cores} cores, ${(environment.memoryBytes / 2 ** 30).toFixed(0)} GiB, ${environment.platform}, Node ${environment.node}`,
    ],
    ['started', startedAt],
    ...servers.map((server) => ['server', server]),
    ...faults.map((mark) => [
      mark.kind === 'circuit-open' ? 'meanwhile' : 'on purpose',
      `${markWords(mark)}, from ${seconds(mark.fromMs)} until ${seconds(mark.untilMs)}`,
    ]),
    ...errors.map((error) => ['error', error]),
  ]
  return `<section><h2>Setting</h2>${table(['', ''], rows)}<h3>Run it again</h3><pre>${escapeXml(reproduce)}</pre></section>`
}
