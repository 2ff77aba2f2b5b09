type TableRow = readonly string[]
/** Whether a column's texts stand at its right edge, as numbers do. */
type Right = (column: number) => boolean

/** A table of figures has the names of its first column to the left, and all else to the right. */
export const FIGURES: Right = (column) => column > 0

const LEFT: Right = () => false
const GAP = '  '

interface TextTable {
  /** Names of the columns: they come first, and a rule. */
  readonly head?: TableRow
  readonly right?: Right
  /** A line is no longer, where its widest column allows that: the columns beyond go on below, beside the first one again. */
  readonly columns?: number
}

/** Lines of columns of equal width. */
export function textTable(
  rows: readonly TableRow[],
  { head, right = LEFT, columns = Number.POSITIVE_INFINITY }: TextTable = {},
): string[] {
  const widths = widthsOf(head ? [head, ...rows] : rows)
  return sharesOf(widths, columns).flatMap((share, at) => {
    const line = (row: TableRow) =>
      share
        .map((column) => aligned(row[column] ?? '', widths[column]!, right(column)))
        .join(GAP)
        .trimEnd()
    const top = head ? [line(head), share.map((column) => '-'.repeat(widths[column]!)).join(GAP)] : []
    return [...(at > 0 ? [''] : []), ...top, ...rows.map(line)]
  })
}

/** The columns that stand together: as many as there is room for, and before each further share the first of all. */
function sharesOf([first = 0, ...others]: readonly number[], columns: number): number[][] {
  const shares = [[0]]
  let room = columns - first
  for (const [at, width] of others.entries()) {
    const needed = GAP.length + width
    if (needed > room && shares.at(-1)!.length > 1) {
      shares.push([0])
      room = columns - first
    }
    shares.at(-1)!.push(at + 1)
    room -= needed
  }
  return shares
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
  return row.map((text, at) => aligned(text, widths[at]!, right(at)))
}

const aligned = (text: string, width: number, right: boolean) => (right ? text.padStart(width) : text.padEnd(width))

function widthsOf(rows: readonly TableRow[]): number[] {
  const widths: number[] = []
  for (const row of rows) for (const [at, text] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, text.length)
  return widths
}
