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
    textTable(rows, { head, right, columns: (columns ?? PIPE_COLUMNS) - EDGE }).map((line) => `  ${line}`.trimEnd())
  return { sentence, table }
}

/** A space that no line ends at. */
const BOUND = '\0'
/** Between a figure and its unit, a flag and its value, and the ends of an interval. */
const BINDING = /(?<=\d) (?=(?:ms|s|µs|bytes|KiB|MiB|GiB)\b)|(?<=--[\w-]+) (?=\d)| (?=…)|(?<=…) /g

/** In lines of at most so many characters, each `edge` from the left; a word that is longer than a line has its own. */
export function foldedTo(width: number, text: string, edge = '  '): string[] {
  const bound = text.replaceAll(BINDING, BOUND)
  const lines = bound.match(new RegExp(`(?:.{1,${Math.max(WIDTH_MIN, width)}}|\\S+)(?:\\s+|$)`, 'g')) ?? [bound]
  return lines.map((line) => `${edge}${line.trim().replaceAll(BOUND, ' ')}`)
}

/** A line of facts as it is where there is room; else folded, with what goes on further to the right than what begins. */
export function hanging(columns: number, line: string): string[] {
  if (line.length <= columns) return [line]
  const edge = line.slice(0, line.length - line.trimStart().length)
  const [first = '', ...others] = foldedTo(columns - edge.length - EDGE, line.trim(), edge)
  return [first, ...others.map((other) => `${' '.repeat(EDGE)}${other}`)]
}

/** However narrow a terminal says it is. */
const WIDTH_MIN = 20
