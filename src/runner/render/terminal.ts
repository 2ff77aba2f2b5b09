import { styleText } from 'node:util'
import { interval, ms, percent } from '../../core/base/words.ts'
import { throughBalancer } from '../report/checks.ts'
import type { Report } from '../report/report-schema.ts'
import { payloadLines } from './payload.ts'
import { reconciledLines } from './reconciled.ts'

const COLOURS = { PASS: 'green', FAIL: 'red', INVALID: 'magenta', INDETERMINATE: 'yellow' } as const

/** What a person wants to know first, in some thirty lines. */
export function terminal(report: Report): string {
  const { audit, latency, generator, setup } = report
  const { diagnosis } = report.delivery
  const verdict = styleText([COLOURS[report.verdict], 'bold'], report.verdict)
  const quantile = (q: { ms: number; lowMs: number; highMs: number } | undefined) =>
    q ? interval(q) : 'too few samples'
  const lines = [
    '',
    `${verdict}${report.interrupted ? ' (interrupted)' : ''}  ${report.scenario.name}: ${setup.receiver} → ${setup.queue} → ${setup.ledger}`,
    '',
    ...report.checks.map(({ check, ok, measured, wanted, warning }) => {
      const mark = warning ? 'warn' : ok ? 'ok  ' : ok === null ? '?   ' : 'FAIL'
      return `  ${mark}  ${check}: ${measured}${ok && !warning ? '' : `, wanted ${wanted}`}`
    }),
    ...(diagnosis ? ['', ...folded(diagnosis.says)] : []),
    '',
    `  response  p50 ${quantile(latency.response.p50)}  p99 ${quantile(latency.response.p99)}  max ${ms(latency.response.maxMs ?? 0)}`,
    `  from accept to effect  p50 ${quantile(latency.acceptToEffect.p50)}  p99 ${quantile(latency.acceptToEffect.p99)}`,
    `  peak ${Math.round(setup.peakPerS)}/s planned; ${setup.rateChosen}`,
    `  ${audit.planned} planned = ${audit.applied} applied + ${audit.buried} dead letters + ${audit.refused} refused + ${audit.unsent} unsent + ${audit.unknown} unknown + ${audit.lost} lost`,
    `  lost ${audit.lost}${audit.lossBound95 === null ? '' : ` (95% sure: below ${percent(audit.lossBound95)} of the accepted)`}, double effects ${audit.duplicateEffects}, duplicates absorbed ${audit.duplicatesAbsorbed}`,
    ...reconciledLines(report).map((line) => `  ${line}`),
    ...payloadLines(report).map((line) => `  ${line}`),
    `  durable at 2xx: survives ${report.durability.queue.survives.join(', ') || 'nothing'}; effects survive ${report.durability.ledger.survives.join(', ') || 'nothing'}`,
    `  sender: lateness p99 ${ms(generator.latenessP99Ms)}, event loop ${percent(generator.eventLoopUtilization)} busy, ${generator.connectionsOpenedMax} connections${throughBalancer(setup)}`,
    ...report.errors.slice(0, 3).map((error) => `  error: ${error}`),
    '',
  ]
  return lines.join('\n')
}

/** In lines that fit a terminal. */
function folded(text: string): string[] {
  return text.match(/.{1,110}(?:\s|$)/g)!.map((line) => `  ${line.trim()}`)
}
