import { markdownTable } from '../../core/base/table.ts'
import { grouped, perS } from '../../core/base/words.ts'
import type { Report } from '../report/report-schema.ts'
import { code, forMarkdown } from './in-markdown.ts'
import { sayCheck } from './words/checks.ts'
import { firstSentence, todosOf } from './words/first.ts'
import { environmentWords, isFollowed, NOT_FOLLOWED, stackWords, sumWords, survives } from './words/run.ts'
import { waitLines } from './words/waits.ts'

/** For a comment on a pull request. */
export function markdown(raw: Report): string {
  const report = forMarkdown(raw)
  const { scenario, verdict, checks, settings, setup, audit, durability, environment } = report
  const rows = checks.map(sayCheck).map(({ title, measured, wanted, state }) => {
    return [title, measured, wanted, state === 'failed' ? '**failed**' : state]
  })
  return [
    `### floodmark ${scenario.name}: **${verdict}**`,
    '',
    `${stackWords(settings)}, peak ${perS(setup.peakPerS)}, ${grouped(audit.planned)} events`,
    '',
    [firstSentence(report), ...todosOf(report)].join(' '),
    '',
    ...markdownTable(['check', 'measured', 'wanted', ''], rows),
    '',
    ...waitLines(report).map((line) => `- ${line}`),
    '',
    sumWords(audit),
    '',
    ...(isFollowed(report) ? [] : [NOT_FOLLOWED, '']),
    ...(durability
      ? [
          `A 2xx survives ${survives(durability.queue.survives)}; an effect survives ${survives(durability.ledger.survives)}.`,
          '',
        ]
      : []),
    environmentWords(environment),
    '',
    code(raw.reproduce),
    '',
  ].join('\n')
}
