import { ms, percent, perS, seconds } from '../../../core/base/words.ts'
import type { Report } from '../../report/report-schema.ts'
import { markWords } from '../marks.ts'
import { type Markup, markup } from '../markup.ts'
import { environmentWords, otherSender, survives, throughBalancer } from '../words/run.ts'
import { section, table } from './table.ts'

/** All that one must know to judge the figures, and to get them again. */
export function setting(report: Report): Markup {
  const { durability, setup, environment } = report
  const rows = [
    ...(report.target ? [['target', report.target.address]] : []),
    ...(durability ? storeRows(durability) : []),
    ['base rate', `${setup.ratePerS}/s: ${setup.rateChosen}`],
    ['mix', setup.mix.map(({ provider, share }) => `${provider} ${percent(share)}`).join(', ')],
    ['sender', senderWords(report)],
    ['environment', environmentWords(environment)],
    ['started', report.startedAt],
    ...report.servers.map((server) => ['server', server]),
    ...report.faults.map((mark) => [
      mark.kind === 'circuit-open' ? 'meanwhile' : 'on purpose',
      `${markWords(mark)}, from ${seconds(mark.fromMs)} until ${seconds(mark.untilMs)}`,
    ]),
    ...report.errors.map((error) => ['error', error]),
  ]
  return section('Setting', table(['', ''], rows), markup`<h3>Run it again</h3><pre>${report.reproduce}</pre>`)
}

function storeRows({ queue, ledger }: NonNullable<Report['durability']>): [string, string][] {
  return [
    ['queue', `${queue.server}; survives ${survives(queue.survives)}; order: ${queue.order}`],
    ['ledger', `${ledger.server}; survives ${survives(ledger.survives)}`],
  ]
}

function senderWords({ generator, settings, setup, sentBy }: Report): string {
  if (sentBy) return `${perS(generator.offeredPerS)} on average; ${otherSender(sentBy)}`
  const { offeredPerS, achievedRatio, latenessP50Ms, latenessP99Ms, latenessMaxMs, eventLoopUtilization } = generator
  return [
    `${perS(offeredPerS)} on average, ${percent(achievedRatio)} of the plan`,
    `lateness p50 ${ms(latenessP50Ms)}, p99 ${ms(latenessP99Ms)}, max ${ms(latenessMaxMs)}`,
    `event loop ${percent(eventLoopUtilization)} busy`,
    `${generator.connectionsOpenedMax} of at most ${settings.connectionsMax} connections${throughBalancer(setup)}`,
  ].join('; ')
}
