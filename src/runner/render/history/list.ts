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

/** Runs, newest first, a line each. */
export function historyLines(raw: readonly HistoryRow[]): string[] {
  const rows = oneLined(raw)
  const cells = rows.map(({ when, verdict, what, stack, peak, p99, ceiling, tag, folder }) => [
    ...[when, verdict, what, stack, peak, p99, ceiling, tag, folder],
  ])
  const lines = textTable(cells, { head: HEAD, right: isFigure })
  return lines.map((line, at) => {
    const verdict = rows[at - 2]?.verdict ?? ''
    const colour = COLOURS[verdict]
    return colour ? line.replace(verdict, styleText(colour, verdict)) : line
  })
}
