import { isList, isObject, type JsonObject, memberOf, parsedText } from './json-shape.ts'

type CsvRow = Readonly<Record<string, string>>

const NAME = /^[\w@][\w@ .-]{0,63}$/

/** The rows of a table with a line of names, where some cell is a JSON object; undefined for any other text. */
export function rowsIn(text: string): CsvRow[] | undefined {
  const first = text.slice(0, text.search(/\r?\n|$/))
  const delimiter = [',', ';', '\t'].find((one) => first.includes(one)) ?? ','
  const names = cellsIn(first, delimiter)[0] ?? []
  if (names.length === 0 || !names.every((name) => NAME.test(name))) return undefined
  const rows = cellsIn(text, delimiter)
    .slice(1)
    .map((cells) => Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ''])))
  return rows.some((row) => Object.values(row).some((cell) => isObject(parsedText(cell)))) ? rows : undefined
}

/** The rows of an answer to a query, each an object: its values come with their names, or the names of all come first. */
export function rowsOfColumns({ results, columns, rows }: JsonObject): JsonObject[] | undefined {
  if (isList(results) && isList(results[0]) && memberOf(results[0][0], 'field') !== undefined) {
    return results
      .filter(isList)
      .map((row) => Object.fromEntries(row.filter(isObject).map(({ field, value }) => [String(field), value])))
  }
  const names = isList(columns) ? columns.map((one) => memberOf(one, 'name')) : []
  if (!isList(rows) || !isList(rows[0]) || names.length === 0 || names.includes(undefined)) return undefined
  return rows.filter(isList).map((row) => Object.fromEntries(names.map((name, at) => [String(name), row[at]])))
}

/** As RFC 4180 has it: a cell in quotes may hold delimiters, line ends, and quotes that are doubled. */
function cellsIn(text: string, delimiter: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^${delimiter}\\r\\n]*))(${delimiter}|\\r?\\n|$)`, 'y')
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text)
    if (!found) return rows
    row.push(found[1] === undefined ? found[2]! : found[1].replaceAll('""', '"'))
    if (found[3] === delimiter) continue
    if (row.some((one) => one !== '')) rows.push(row)
    row = []
  }
  return rows
}
