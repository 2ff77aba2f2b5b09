import { markdownTable } from '../../core/base/table.ts'
import { perS } from '../../core/base/words.ts'
import type { Report } from '../report/report-schema.ts'
import { sayCheck } from './words/checks.ts'
import { stackWords, sumWords } from './words/run.ts'

/** For a comment on a pull request. */
export function markdown({ scenario, verdict, checks, settings, setup, audit, reproduce }: Report): string {
  const rows = checks.map(sayCheck).map(({ title, measured, wanted, state }) => {
    return [title, measured, wanted, state === 'failed' ? '**failed**' : state]
  })
  return [
    `### floodmark ${scenario.name}: **${verdict}**`,
    '',
    `${stackWords(settings)}, peak ${perS(setup.peakPerS)}, ${audit.planned} events`,
    '',
    ...markdownTable(['check', 'measured', 'wanted', ''], rows),
    '',
    sumWords(audit),
    '',
    `\`${reproduce}\``,
    '',
  ].join('\n')
}
