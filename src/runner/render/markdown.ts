import { markdownTable } from '../../core/base/table.ts'
import { perS } from '../../core/base/words.ts'
import type { Report } from '../report/report-schema.ts'
import { sayCheck } from './words/checks.ts'
import { environmentWords, invalidWords, stackWords, sumWords, survives } from './words/run.ts'
import { waitLines } from './words/waits.ts'

/** For a comment on a pull request. */
export function markdown(report: Report): string {
  const { scenario, verdict, checks, settings, setup, audit, durability, environment, reproduce } = report
  const rows = checks.map(sayCheck).map(({ title, measured, wanted, state }) => {
    return [title, measured, wanted, state === 'failed' ? '**failed**' : state]
  })
  return [
    `### floodmark ${scenario.name}: **${verdict}**`,
    '',
    `${stackWords(settings)}, peak ${perS(setup.peakPerS)}, ${audit.planned} events`,
    '',
    ...(report.verdict === 'INVALID' ? [invalidWords(report), ''] : []),
    ...markdownTable(['check', 'measured', 'wanted', ''], rows),
    '',
    ...waitLines(report).map((line) => `- ${line}`),
    '',
    sumWords(audit),
    '',
    `A 2xx survives ${survives(durability.queue.survives)}; an effect survives ${survives(durability.ledger.survives)}.`,
    '',
    environmentWords(environment),
    '',
    `\`${reproduce}\``,
    '',
  ].join('\n')
}
