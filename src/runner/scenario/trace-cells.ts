import { isoMs } from './access-log.ts'

/** A line of a file that is not empty, with its number. */
export type Line = readonly [number: number, text: string]
export interface TraceRow {
  readonly number: number
  readonly cells: readonly string[]
}

/** The cells of lines: between commas, semicolons or tabs, or of two columns between spaces. */
export function rowsOf(lines: readonly Line[]): TraceRow[] {
  const isOfTimes = lines.some(([, line]) => isTime(line))
  const isSpaced = !isOfTimes && lines.length > 0 && lines.every(([, line]) => /^[^\s,;"]+\s+[^\s,;"]+$/.test(line))
  const delimiter = [';', '\t'].find((one) => lines.some(([, line]) => line.includes(one))) ?? ','
  const rows = lines.map(([number, line]) => ({
    number,
    cells: isSpaced ? line.split(/\s+/) : cellsOf(line, delimiter),
  }))
  // The first one may be a header.
  if (rows.slice(1).every(isFraction) && rows.some((row) => isFraction(row) && row.cells[1]!.startsWith('0'))) {
    return rows.map(({ number, cells }) => ({ number, cells: [cells.join()] }))
  }
  // As `uniq -c` writes them.
  const isTurned = isSpaced && rows.every(({ cells }) => isTime(cells[1]!) && !isTime(cells[0]!))
  return isTurned ? rows.map(({ number, cells }) => ({ number, cells: cells.toReversed() })) : rows
}

/** Loggers write ms behind a comma, with zeros before them. Nobody writes a count so. */
function isFraction({ cells }: TraceRow): boolean {
  return cells.length === 2 && /:\d\d$/.test(cells[0]!) && /^\d{3}$/.test(cells[1]!) && isTime(cells[0]!)
}

/** What stands between the delimiters of a line. A cell in quotes may hold them. */
function cellsOf(line: string, delimiter: string): string[] {
  const cells = line.match(delimiter === ',' ? /("[^"]*"|[^,"]*)(,|$)/g : /[^;\t]*(?:[;\t]|$)/g) ?? []
  const texts = cells.map((cell) =>
    cell
      .replace(/[,;\t]$/, '')
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .trim(),
  )
  // Quotes within a cell: nobody knows what is of it.
  if (cells.join('').length < line.length) return [line]
  // The pattern matches the nothing behind the last one too.
  return texts.slice(0, line.endsWith(delimiter) ? undefined : -1)
}

/** No count is so high. */
export function isTime(text: string): boolean {
  return isoMs(text) !== undefined || Number(text) >= 1e9
}
