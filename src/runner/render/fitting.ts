import { FIGURES, textTable } from '../../core/base/table.ts'

/** Of a table in a pipe: wider ones are hard to read wherever they are kept. A sentence keeps its line there. */
const PIPE_COLUMNS = 120
/** Lines of text are no longer than this, however wide a terminal is. */
const SENTENCE_MAX = 110
const EDGE = 2

/** Sentences and tables as a terminal of so many columns shows them; undefined: they go into a pipe. */
export function fittingTo(columns: number | undefined) {
  const sentence = (text: string): string[] =>
    columns === undefined ? [`  ${text}`] : foldedTo(Math.min(SENTENCE_MAX, columns - EDGE), text)
  const table = (head: readonly string[], rows: readonly (readonly string[])[], right = FIGURES): string[] =>
    textTable(rows, { head, right, columns: (columns ?? PIPE_COLUMNS) - EDGE }).map((line) => `  ${line}`)
  return { sentence, table }
}

/** In lines of at most so many characters, each `edge` from the left; a word that is longer than a line has its own. */
export function foldedTo(width: number, text: string, edge = '  '): string[] {
  const lines = text.match(new RegExp(`(?:.{1,${Math.max(WIDTH_MIN, width)}}|\\S+)(?:\\s+|$)`, 'g')) ?? [text]
  return lines.map((line) => `${edge}${line.trim()}`)
}

/** However narrow a terminal says it is. */
const WIDTH_MIN = 20
