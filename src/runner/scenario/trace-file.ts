import { FloodmarkError } from '../../core/contracts/errors.ts'
import { accessLogOf, isoMs, unitOf } from './access-log.ts'

/** A day. */
const SECONDS_MAX = 86_400
const PER_SECOND_MAX = 10_000_000
const WHAT = 'is neither second,count nor a count, a time or a line of an access log'
/** Of the lines of a log, so many may be none: a first or last one that is cut, or a word of the server's. */
const OTHER_LINES_SHARE = 0.01
const [MINUTE_S, HOUR_S] = [60, 3_600]

/** Arrivals of each second, one after the other, and what the file was taken for, in words. */
export interface TraceRead {
  readonly counts: number[]
  readonly read: string
}

interface TraceRow {
  readonly number: number
  readonly cells: readonly string[]
}

/**
 * Reads counts of each second, counts of longer steps that a header names, times of requests, and access logs. `name`: the
 * file's, for messages. @throws FloodmarkError 'misuse', naming the line.
 */
export function readCounts(text: string, name: string): TraceRead {
  const wrong = (what: string) => new FloodmarkError('misuse', `${name}: ${what}`)
  const lines = linesOf(text)
  const read = ofLog(lines, wrong) ?? ofTable(lines, wrong)
  if (read.counts.every((count) => count === 0)) throw wrong('no arrivals in it')
  return read
}

type FileMistake = (what: string) => FloodmarkError
type Line = readonly [number: number, text: string]

function linesOf(text: string): Line[] {
  const lines = text.split(/\r?\n/).map((line, at): Line => [at + 1, line.trim()])
  return lines.filter(([, line]) => line !== '' && !line.startsWith('#'))
}

function ofLog(lines: readonly Line[], wrong: FileMistake): TraceRead | undefined {
  const log = lines
    .slice(0, 3)
    .map(([, line]) => accessLogOf(line))
    .find(Boolean)
  if (!log) return undefined
  const times: number[] = []
  const others = { methods: 0, lines: 0, first: 0 }
  for (const [number, line] of lines) {
    const request = log.read(line)
    if (!request) {
      others.lines++
      others.first ||= number
    } else if (request.method !== undefined && request.method !== 'POST') others.methods++
    else times.push(request.atMs / 1_000)
  }
  if (others.lines > 1 + OTHER_LINES_SHARE * lines.length) throw wrong(`line ${others.first}: not of ${log.form}`)
  const left = [
    ...(others.methods > 0 ? [`${others.methods} of other methods left out`] : []),
    ...(others.lines > 0 ? [`${others.lines} lines left out, the first is ${others.first}`] : []),
  ]
  if (times.length === 0) throw wrong(`no arrivals in it: ${log.form} without a POST`)
  return { counts: bySecond(times, wrong), read: [log.form, `${times.length} POST requests`, ...left].join(', ') }
}

/** How many times lie in each second, from the first one on. */
function bySecond(times: readonly number[], wrong: FileMistake): number[] {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const time of times) {
    first = Math.min(first, Math.floor(time))
    last = Math.max(last, Math.floor(time))
  }
  if (last - first >= SECONDS_MAX) {
    throw wrong(`its requests lie ${((last - first) / SECONDS_MAX).toFixed(1)} days apart: give those of a day at most`)
  }
  const counts = Array<number>(last - first + 1).fill(0)
  for (const time of times) counts[Math.floor(time) - first]!++
  return counts
}

function ofTable(lines: readonly Line[], wrong: FileMistake): TraceRead {
  const delimiter = [';', '\t'].find((one) => lines.some(([, line]) => line.includes(one))) ?? ','
  const rows = lines.map(([number, line]): TraceRow => ({ number, cells: cellsOf(line, delimiter) }))
  const isHeader = rows.length > 0 && /[a-z]/i.test(rows[0]!.cells[0]!) && secondsAt(rows[0]!.cells[0]!) === undefined
  const header = isHeader ? rows.shift()!.cells.join(' ') : ''
  const [first] = rows
  if (!first) throw wrong('no arrivals in it')
  const columns = first.cells.length
  // A time and words beside it: a request each.
  if (columns > 1 && isTime(first.cells[0]!) && rows.every(({ cells }) => Number.isNaN(Number(cells[1])))) {
    return ofTimes(rows, wrong)
  }
  if (columns > 2) throw wrong(`line ${first.number}: ${columns} columns. Give two, second,count, or one`)
  for (const { number, cells } of rows) {
    if (cells.length === columns) continue
    throw wrong(
      `line ${number}: '${cells.join().slice(0, 40)}' is not as the lines before: ${columns === 2 ? 'second,count' : 'a count'}`,
    )
  }
  const stepS = stepIn(header)
  if (columns === 2) return ofTimesAndCounts(rows, stepS, wrong)
  return isTime(first.cells[0]!) ? ofTimes(rows, wrong) : ofCounts(rows, stepS ?? 1, wrong)
}

/** Of a line: what stands between the delimiters. One in quotes may hold them. */
function cellsOf(line: string, delimiter: string): string[] {
  const cells = line.match(delimiter === ',' ? /("[^"]*"|[^,"]*)(,|$)/g : /[^;\t]*(?:[;\t]|$)/g) ?? []
  const texts = cells.map((cell) =>
    cell
      .replace(/[,;\t]$/, '')
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .trim(),
  )
  // The pattern matches the nothing behind the last one too.
  return texts.slice(0, line.endsWith(delimiter) ? undefined : -1)
}

/** What a header says a count is of, s: `per_minute`, `per_10s`. */
function stepIn(header: string): number | undefined {
  const [, word, number] = /per[ _]?(?:(second|minute|hour)|(\d+) ?s)\b/i.exec(header) ?? []
  if (number) return Number(number)
  return { second: 1, minute: MINUTE_S, hour: HOUR_S }[word?.toLowerCase() ?? '']
}

/** No count is so high. */
function isTime(text: string): boolean {
  return isoMs(text) !== undefined || Number(text) >= 1e9
}

/** A time in s since whenever; undefined where it is none. */
function secondsAt(text: string): number | undefined {
  const iso = isoMs(text)
  if (iso !== undefined) return iso / 1_000
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) / unitOf(Number(text)).perS : undefined
}

function timesIn(text: string): string {
  return isoMs(text) === undefined ? `in ${unitOf(Number(text)).name}` : 'as ISO'
}

function ofTimes(rows: readonly TraceRow[], wrong: FileMistake): TraceRead {
  const times = rows.map(({ number, cells }) => {
    const second = secondsAt(cells[0]!)
    if (second === undefined) throw wrong(`line ${number}: '${cells[0]!.slice(0, 40)}' is no time as the lines before`)
    return second
  })
  const read = `the times of ${times.length} requests, ${timesIn(rows[0]!.cells[0]!)}`
  return { counts: bySecond(times, wrong), read }
}

function countOf({ number, cells }: TraceRow, wrong: FileMistake): number {
  const text = cells.at(-1)!
  if (!/^\d+(\.\d+)?$/.test(text)) throw wrong(`line ${number}: '${cells.join().slice(0, 40)}' ${WHAT}`)
  if (Number(text) > PER_SECOND_MAX) throw wrong(`line ${number}: ${text} is more than ${PER_SECOND_MAX} a second`)
  return Number(text)
}

function ofCounts(rows: readonly TraceRow[], stepS: number, wrong: FileMistake): TraceRead {
  if (rows.length * stepS > SECONDS_MAX) throw wrong(`line ${rows.at(-1)!.number}: more than ${SECONDS_MAX} seconds`)
  const counts = rows.map((row) => countOf(row, wrong))
  return { counts: spread(counts, stepS), read: `counts of each ${stepName(stepS)}${evenly(stepS)}` }
}

function ofTimesAndCounts(rows: readonly TraceRow[], given: number | undefined, wrong: FileMistake): TraceRead {
  const found = rows.map((row) => {
    const [at, count] = [secondsAt(row.cells[0]!), countOf(row, wrong)]
    if (at === undefined) throw wrong(`line ${row.number}: '${row.cells.join().slice(0, 40)}' ${WHAT}`)
    return { number: row.number, second: Math.floor(at), count }
  })
  const first = found[0]!.second
  const isOneEach = found.every(({ count }) => count === 1)
  for (const [at, { number, second }] of found.entries()) {
    const before = found[at - 1]?.second ?? Number.NEGATIVE_INFINITY
    if (second < before || (second === before && !isOneEach))
      throw wrong(`line ${number}: second ${second} does not come after the one before`)
    if (second - first < SECONDS_MAX) continue
    throw wrong(
      `line ${number}: more than ${SECONDS_MAX} seconds after the first: give whole seconds, of a day at most`,
    )
  }
  const stepS = given ?? 1
  if (given === undefined) askForStep(found, wrong)
  const counts: number[] = []
  for (const { number, second, count } of found) {
    const position = (second - first) / stepS
    if (!Number.isInteger(position)) throw wrong(`line ${number}: not a multiple of ${stepS} s after the first`)
    while (counts.length <= position) counts.push(0)
    counts[position]! += count
  }
  const times = `times ${timesIn(rows[0]!.cells[0]!)}`
  return { counts: spread(counts, stepS), read: `${times}, counts of each ${stepName(stepS)}${evenly(stepS)}` }
}

/** Rows that lie some seconds apart throughout: nobody but their owner knows what a count is of. */
function askForStep(found: readonly { readonly second: number }[], wrong: FileMistake): void {
  const gaps = found.slice(1).map(({ second }, at) => second - found[at]!.second)
  const apartS = gaps.reduce((one, other) => (other === 0 ? one : greatestDivisor(one, other)), 0)
  if (apartS <= 1 || new Set(gaps.filter((gap) => gap > 0)).size === 0 || gaps.length < 2) return
  const ms = apartS % 1_000 === 0 ? 'If the times are ms, divide them by 1000. ' : ''
  const header = `a first line of second,per_${stepName(apartS).replace(' ', '')}`
  const choice = `${header} says that a count is of so long, second,per_second that nothing came between`
  throw wrong(`its rows lie ${apartS} s apart throughout. ${ms}Else ${choice}`)
}

function greatestDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestDivisor(other, one % other)
}

function stepName(stepS: number): string {
  return stepS === 1 ? 'second' : stepS === MINUTE_S ? 'minute' : stepS === HOUR_S ? 'hour' : `${stepS} s`
}

const evenly = (stepS: number) => (stepS === 1 ? '' : ', spread evenly over it')

function spread(counts: readonly number[], stepS: number): number[] {
  return stepS === 1 ? [...counts] : counts.flatMap((count) => Array<number>(stepS).fill(count / stepS))
}
