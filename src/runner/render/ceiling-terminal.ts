import { styleText } from 'node:util'
import { oneLined } from '../../core/base/one-line.ts'
import { textTable } from '../../core/base/table.ts'
import { ms, perS, seconds } from '../../core/base/words.ts'
import type { Ceiling, TrialRecord } from '../search/ceiling-schema.ts'
import { fittingTo } from './fitting.ts'
import { bindingWords } from './words/binding.ts'
import {
  acceptWords,
  ceilingWords,
  doubtWords,
  judgedP99Ms,
  lawWords,
  limitRows,
  outcomeWords,
} from './words/ceiling.ts'
import { costTable } from './words/costs.ts'
import { stackWords } from './words/run.ts'

/** One trial in a line. */
export function trialLine(trial: TrialRecord, count: number): string {
  const { purpose, ratePerS, donePerS, response } = trial
  const p99Ms = judgedP99Ms(trial)
  // '~': too few episodes for an interval.
  const wait = p99Ms === undefined ? '' : `p99 ${response.p99 ? '' : '~'}${ms(p99Ms)}`
  const cells = [
    String(count).padStart(3),
    purpose.padEnd(10),
    perS(ratePerS).padStart(8),
    `done ${perS(donePerS)}`.padEnd(13),
  ]
  return `${cells.join('  ')}  ${wait.padEnd(16)}  ${outcomeWords(trial)}`
}

/** What a person wants to know at the end; `columns`: of a terminal. */
export function ceilingLines(raw: Ceiling, columns?: number): string[] {
  const ceiling = oneLined(raw)
  const { sentence, table } = fittingTo(columns)
  const { binding, trials, tookMs, settings } = ceiling
  const rows = limitRows(ceiling)
  const costs = costTable(ceiling)
  const doubts = doubtWords(ceiling)
  return [
    '',
    `${styleText('bold', 'ceiling')}  ${stackWords(settings)}`,
    ...[ceilingWords(ceiling), acceptWords(ceiling), lawWords(ceiling)].flatMap((line) => (line ? sentence(line) : [])),
    ...(rows.length > 0
      ? [
          '',
          '  With other limits of the response p99, from the same trials:',
          ...textTable(rows).map((line) => `  ${line}`),
        ]
      : []),
    ...(costs ? ['', ...table(costs.head, costs.rows), ...costs.notes.flatMap(sentence)] : []),
    ...(binding ? ['', ...bindingWords(binding).flatMap(sentence)] : []),
    ...(doubts.length > 0 ? ['', ...doubts.flatMap(sentence)] : []),
    `  ${trials.length} trials in ${seconds(tookMs)}`,
    '',
  ]
}
