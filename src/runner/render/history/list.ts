import { styleText } from 'node:util'
import { oneLined } from '../../../core/base/one-line.ts'
import { textTable } from '../../../core/base/table.ts'
import type { HistoryRow } from './row.ts'

const HEAD = ['when (UTC)', 'verdict', 'what', 'stack', 'peak', 'p99', 'ceiling', 'tag', 'folder']
const isFigure = (column: number) => column >= 4 && column <= 6
type Colour = Parameters<typeof styleText>[0]
const COLOURS: Readonly<Record<string, Colour>> = {
  PASS: 'green',
  FAIL: 'red',
  INVALID: 'magenta',
  INDETERMINATE: 'yellow',
}

/** Runs, newest first, a line each. `columns`: of a terminal; one that is too narrow shows stack and folder below each run. */
export function historyLines(raw: readonly HistoryRow[], columns = Number.POSITIVE_INFINITY): string[] {
  const rows = oneLined(raw)
  const cells = rows.map(({ when, verdict, what, stack, peak, p99, ceiling, tag, folder }) => [
    ...[when, verdict, what, stack, peak, p99, ceiling, tag, folder],
  ])
  const whole = textTable(cells, { head: HEAD, right: isFigure })
  const isNarrow = whole.some((line) => line.length > columns)
  const lines = isNarrow ? withoutPlaces(cells) : whole
  return lines.flatMap((line, at) => {
    const row = rows[at - 2]
    const colour = row && COLOURS[row.verdict]
    const coloured = colour ? line.replace(row.verdict, styleText(colour, row.verdict)) : line
    return isNarrow && row ? [coloured, ...below(row, columns)] : [coloured]
  })
}

const isPlace = (column: number) => column === 3 || column === 8

/** Columns that say something, without those that are told below. */
function withoutPlaces(cells: readonly string[][]): string[] {
  const kept = HEAD.flatMap((_, at) => (!isPlace(at) && cells.some((row) => row[at] !== '') ? [at] : []))
  const only = (row: readonly string[]) => kept.map((at) => row[at]!)
  return textTable(cells.map(only), { head: only(HEAD), right: (column) => isFigure(kept[column]!) })
}

function below({ stack, folder }: HistoryRow, columns: number): string[] {
  const both = `    ${stack}  ${folder}`
  if (stack === '') return [`    ${folder}`]
  return both.length <= columns ? [both] : [`    ${stack}`, `    ${folder}`]
}
