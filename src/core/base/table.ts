type TableRow = readonly string[]
/** Whether a column's texts stand at its right edge, as numbers do. */
type Right = (column: number) => boolean

/** For a table of figures: the names in its first column to the left, all else to the right. */
export const FIGURES: Right = (column) => column > 0

const LEFT: Right = () => false

/** Lines of columns of equal width. With `head`: first the names of the columns, and a rule. */
export function textTable(
  rows: readonly TableRow[],
  { head, right = LEFT }: { head?: TableRow; right?: Right } = {},
): string[] {
  const widths = widthsOf(head ? [head, ...rows] : rows)
  const line = (row: TableRow) => padded(row, widths, right).join('  ').trimEnd()
  const top = head ? [line(head), widths.map((width) => '-'.repeat(width)).join('  ')] : []
  return [...top, ...rows.map(line)]
}

/** Lines of a Markdown table, in columns of equal width; a cell cannot break out of its place. */
export function markdownTable(head: TableRow, rows: readonly TableRow[], right: Right = LEFT): string[] {
  const texts = [head, ...rows].map((row) => row.map(inCell))
  const widths = widthsOf(texts).map((width) => Math.max(3, width))
  const rule = widths.map((width, at) => (right(at) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  const [first, ...others] = texts.map((row) => `| ${padded(row, widths, right).join(' | ')} |`)
  return [first!, `| ${rule.join(' | ')} |`, ...others]
}

const inCell = (text: string) =>
  text
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ')

function padded(row: TableRow, widths: readonly number[], right: Right): string[] {
  return row.map((text, at) => (right(at) ? text.padStart(widths[at]!) : text.padEnd(widths[at]!)))
}

function widthsOf(rows: readonly TableRow[]): number[] {
  const widths: number[] = []
  for (const row of rows) for (const [at, text] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, text.length)
  return widths
}
