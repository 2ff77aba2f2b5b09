import { styleText } from 'node:util'
import { oneLine, oneLined } from '../../../core/base/one-line.ts'
import { markdownTable, FIGURES as RIGHT } from '../../../core/base/table.ts'
import { ms } from '../../../core/base/words.ts'
import type { Comparison } from '../../compare/comparison-schema.ts'
import { leftOut } from '../../compare/counted.ts'
import { TAKEOVER } from '../../compare/takeover.ts'
import type { TurnFigures } from '../../compare/turn-schema.ts'
import { fittingTo } from '../fitting.ts'
import { code, forMarkdown } from '../in-markdown.ts'
import { COMPARE_EXPLAINED, classWords, harmWords, winnerWords } from '../words/compare.ts'
import { environmentWords } from '../words/run.ts'
import { cellsOf, headOf } from './table.ts'

/** One run in a line, when it has ended. */
export function turnLine(turn: TurnFigures, count: number): string {
  const { waits, verdict, round, stack, harm, notAccepted } = turn
  const p99 = waits.p99Ms === null ? 'nothing accepted' : `p99 ${ms(waits.p99Ms)}`
  const bad = harmWords({ harm, notAccepted })
  const what = turn.scenario === TAKEOVER ? 'killed ' : `round ${round + 1}`
  return `${String(count).padStart(3)}  ${what}  ${verdict.padEnd(13)}  ${p99.padEnd(14)}  ${oneLine(stack)}${bad === 'none' ? '' : `  ${bad}`}`
}

/** For the terminal; `columns`: how wide it is. */
export function comparisonLines(raw: Comparison, columns?: number): string[] {
  const comparison = oneLined(raw)
  const { sentence, table } = fittingTo(columns)
  const lines = comparison.scenarios.flatMap(({ scenario, classes }) => [
    '',
    styleText('bold', `compare ${scenario}`),
    ...classes.flatMap((one) => [
      '',
      ...sentence(classWords(one)),
      ...sentence(winnerWords(one, comparison)).map((line) => styleText('bold', line)),
      '',
      ...table(
        headOf(comparison),
        one.rows.map((row) => cellsOf(row, comparison)),
      ),
    ]),
  ])
  return [...lines, '', ...aboutLines(comparison).flatMap(sentence), '']
}

/** For a job's summary, and for docs/compare.md. */
export function comparisonMarkdown(raw: Comparison): string {
  const comparison = forMarkdown(raw)
  const { scenarios, environment, startedAt } = comparison
  return [
    `# Stacks compared: ${scenarios.map(({ scenario }) => scenario).join(', ')}`,
    '',
    `Made by ${code(raw.command)} on ${startedAt.slice(0, 10)}, on ${environmentWords(environment)}. ${aboutLines(comparison).join(' ')}`,
    '',
    ...scenarios.flatMap(({ scenario, classes }) =>
      classes.flatMap((one) => [
        `## ${scenario}: ${classWords(one)}`,
        '',
        winnerWords(one, comparison),
        '',
        ...markdownTable(
          headOf(comparison),
          one.rows.map((row) => cellsOf(row, comparison)),
          RIGHT,
        ),
        '',
      ]),
    ),
    '## What the columns are',
    '',
    ...COMPARE_EXPLAINED.map((line) => `- ${line}`),
    '',
  ].join('\n')
}

/** How it was measured, and what that is worth. */
export function aboutLines({ turns, rounds, seed, busyRuns, forced, interrupted }: Comparison): string[] {
  const left = leftOut(turns, forced)
  return [
    `${turns.filter(({ scenario }) => scenario !== TAKEOVER).length} runs in ${rounds} rounds, in turns, seed ${seed}.`,
    ...(interrupted ? ['It was interrupted: more rounds were planned.'] : []),
    ...(busyRuns > 0
      ? [
          `Something else used the machine during ${busyRuns} of them${forced ? '; they are ranked all the same, by --force' : ''}.`,
        ]
      : []),
    ...(left > 0
      ? [
          `${left} of them ${left === 1 ? 'does' : 'do'} not count, and --resume makes ${left === 1 ? 'it' : 'them'} again.`,
        ]
      : []),
  ]
}
