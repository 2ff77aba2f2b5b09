import { FloodmarkError } from '../../core/contracts/errors.ts'
import { accessLogOf, isoMs, unitOf } from './access-log.ts'
import { isTime, type Line, rowsOf, type TraceRow } from './trace-cells.ts'
import { linesOfJson } from './trace-json.ts'
import { readToolFile } from './trace-tools.ts'

/** A day. */
const SECONDS_MAX = 86_400
const PER_SECOND_MAX = 10_000_000
const NO_LOG =
  'JSON that is no line of an access log with a time. nginx needs escape=json in log_format; of other JSON make second,count with jq -r'
const WHAT = 'is neither second,count nor a count, a time or a line of an access log'
/** This share of a log's lines may be something else: a first or last one that is cut, or a word of the server's. */
const OTHER_LINES_SHARE = 0.01
/** What people write for tools, and cannot be read. */
const SCRIPTS = [
  {
    looks: /^(config|phases|scenarios|execution):/m,
    what: 'no phases of plain numbers, a duration and a rate, are in it',
  },
  { looks: /^\s*(import|export|from|const|package)\s/, what: 'a program is not run' },
  { looks: /^\s*<[?!a-z]/i, what: 'XML is not read' },
]
const INSTEAD = 'Give [{"duration": "30s", "target": 50}, …], or lines of second,count'
const [MINUTE_S, HOUR_S] = [60, 3_600]

/** Arrivals of each second, one after the other, and what the file was taken for, in words. */
export interface TraceRead {
  readonly counts: number[]
  readonly read: string
}

/**
 * Reads counts of each second, counts of longer steps that a header names, times of requests, access logs, and what other tools for
 * load have. `name`: the file's, for messages. @throws FloodmarkError 'misuse', naming the line.
 */
export function readCounts(text: string, name: string): TraceRead {
  const wrong = (what: string) => new FloodmarkError('misuse', `${name}: ${what}`)
  const lines = linesOf(linesOfJson(text))
  const read = ofTool(text, wrong) ?? ofLog(lines, wrong) ?? ofTable(lines, wrong)
  if (read.counts.every((count) => count === 0)) throw wrong('no arrivals in it')
  return read
}

type FileMistake = (what: string) => FloodmarkError

function ofTool(text: string, wrong: FileMistake): TraceRead | undefined {
  const found = readToolFile(text, SECONDS_MAX)
  const script = found ? undefined : SCRIPTS.find(({ looks }) => looks.test(text))
  if (script) throw wrong(`${script.what}. ${INSTEAD}`)
  if (!found || 'counts' in found) return found
  if (found.times.length === 0) throw wrong(`no arrivals in it: ${found.read}`)
  return { counts: bySecond(found.times, wrong), read: found.read }
}

function linesOf(text: string): Line[] {
  const lines = text.split(/\r?\n/).map((line, at): Line => [at + 1, line.trim()])
  // Some say to Excel by which mark they separate.
  return lines.filter(([, line]) => line !== '' && !line.startsWith('#') && !/^sep=.$/i.test(line))
}

function ofLog(lines: readonly Line[], wrong: FileMistake): TraceRead | undefined {
  const log = lines
    .slice(0, 3)
    .map(([, line]) => accessLogOf(line))
    .find(Boolean)
  if (!log) return undefined
  const found = lines.map(([number, line]) => ({ number, request: log.read(line) }))
  const others = found.filter(({ request }) => !request)
  const requests = found.flatMap(({ request }) => request ?? [])
  if (others.length > 1 + OTHER_LINES_SHARE * lines.length) throw wrong(`line ${others[0]!.number}: not of ${log.form}`)
  // Where lines name their method, one that names none is no request: it tells of an answer, or of the server.
  const hasMethods = requests.some(({ method }) => method !== undefined)
  const times = requests
    .filter(({ method }) => method === (hasMethods ? 'POST' : undefined))
    .map(({ atMs }) => atMs / 1_000)
  const unnamed = hasMethods ? requests.filter(({ method }) => method === undefined).length : 0
  const methods = requests.length - times.length - unnamed
  const left = [
    ...(methods > 0 ? [`${methods} of other methods left out`] : []),
    ...(unnamed > 0 ? [`${unnamed} lines without a method left out`] : []),
    ...(others.length > 0 ? [`${others.length} lines left out, the first is ${others[0]!.number}`] : []),
  ]
  if (times.length === 0) throw wrong(`no arrivals in it: ${log.form} without a POST`)
  const what = hasMethods ? 'POST requests' : 'requests, whose methods it does not name'
  return { counts: bySecond(times, wrong), read: [log.form, `${times.length} ${what}`, ...left].join(', ') }
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
  const [opening] = lines
  if (opening && /^(?:\{|\[[[{"\d])/.test(opening[1])) throw wrong(`line ${opening[0]}: ${NO_LOG}`)
  const rows = rowsOf(lines)
  const isHeader = rows.length > 0 && /[a-z]/i.test(rows[0]!.cells[0]!) && secondsAt(rows[0]!.cells[0]!) === undefined
  const names = isHeader ? rows.shift()!.cells : []
  const header = names.join(' ')
  const [first] = rows
  if (!first) throw wrong('no arrivals in it')
  const columns = first.cells.length
  // A time and words beside it: a request each.
  if (columns > 1 && isTime(first.cells[0]!) && rows.every(({ cells }) => Number.isNaN(Number(cells[1])))) {
    const withUnit = rows.find(({ cells }) => /^[+-]?\d+([.,]\d+)?(\s*[a-zµ%/]+)?$/i.test(cells[1] ?? ''))
    if (!withUnit) return ofTimes(rows, wrong)
    throw wrong(
      `line ${withUnit.number}: '${withUnit.cells[1]!.slice(0, 40)}' is no plain number: write 10.5 in place of 10,5 or 10.5 req/s`,
    )
  }
  if (columns > 2) throw wrong(`line ${first.number}: ${columns} columns. Give two, second,count, or one`)
  for (const { number, cells } of rows) {
    if (cells.length === columns) continue
    throw wrong(
      `line ${number}: '${cells.join().slice(0, 40)}' is not as the lines before: ${columns === 2 ? 'second,count' : 'a count'}`,
    )
  }
  const stepS = stepIn(header)
  if (stepS === undefined) askForLength(names, rows, wrong)
  askForPoints(rows, wrong)
  if (columns === 2) return ofTimesAndCounts(rows, stepS, wrong)
  if (isTime(first.cells[0]!)) return ofTimes(rows, wrong)
  if (stepS === undefined && !/count|rate|req|hit/i.test(header)) askForCounts(header, rows, wrong)
  return ofCounts(rows, stepS ?? 1, wrong)
}

const TIME_WORDS = [
  ...['time', 'times', 'timestamp', 'ts', 't', 'at'],
  ...['date', 'offset', 'elapsed', 'second', 'seconds', 's'],
]

/** What is behind these says how a column is counted or sorted: events/s, orders by date. */
const COUNTED_BY = /(?:\/|\d|(?<!\p{L})(?:per|by|each|every|over)(?!\p{L})[ _]?) ?\p{L}+/gu
/** What is behind these says more of a time: time (UTC), time of arrival. */
const MORE_OF_TIME = /(?:[([]|(?<!\p{L})(?:of|since|from|after|into)(?!\p{L})).*$/u
const OF_A_SECOND = /(?:\/|(?<!\p{L})per[ _]?) ?s(?:ec(?:ond)?s?)?(?!\p{L})/u

/** Whether a column has its name from a time. */
function isNamedByTime(header: string): boolean {
  const text = spaced(header).replace(COUNTED_BY, ' ')
  const last = [text, text.replace(MORE_OF_TIME, '')].map((one) => wordsOf(one).at(-1) ?? '')
  return last.some((word) => [...TIME_WORDS, ...SHORT_UNITS].includes(word))
}

/** Numbers that only rise, with fractions, or in a column of times, may be when each request came, from the first one on. */
function askForCounts(header: string, rows: readonly TraceRow[], wrong: FileMistake): void {
  const numbers = rows.map(({ cells }) => Number(cells[0]))
  const isRising = numbers.every((number, at) => at === 0 || number > numbers[at - 1]!)
  if (numbers.some(Number.isNaN)) return
  const isNamed = isNamedByTime(header)
  if (!isNamed && (OF_A_SECOND.test(spaced(header)) || rows.length < 3 || !isRising || numbers.every(Number.isInteger)))
    return
  const why = isNamed ? `its header says '${header.slice(0, 40)}'` : 'its numbers only rise'
  throw wrong(`${why}. Times are seconds since 1970; where they are counts, begin with a line of per_second`)
}

/** What a header says a count is of, s: `per_minute`, `per_10s`. */
function stepIn(header: string): number | undefined {
  const [, word, number] = /per[ _]?(?:(second|minute|hour)|(\d+) ?s)\b/i.exec(header) ?? []
  if (number) return Number(number)
  return { second: 1, minute: MINUTE_S, hour: HOUR_S }[word?.toLowerCase() ?? '']
}

/** A rate of longer than a second: how long each row lasts, only its owner knows. */
const RATE =
  /(?:(?<![a-z])[rq]p([mh])|(?:(?<![a-z])per[ _]?|\/ ?|[([](?=\d))(\d*) ?(m|min(?:ute)?s?|h|hrs?|hours?))(?![a-z])/i

/** What Prometheus calls a rate is one of a second, whatever its window. */
const RATE_OF_WINDOW = /(?<![a-z_])i?rate\(/i

/** Counts of many requests each. */
const MANY = /(?<![a-z])(?:[km][rq]ps|thousands?|millions?)(?![a-z])/i

/** What a count is of, where the header does not say it as we do. It asks first what must be answered first. */
function askForLength(names: readonly string[], rows: readonly TraceRow[], wrong: FileMistake): void {
  const counts = names.at(-1) ?? ''
  const many = MANY.exec(counts)?.[0]
  if (many !== undefined) throw wrong(`its header says '${many}': give the count of requests itself`)
  const [found, short, number, long] = (RATE_OF_WINDOW.test(counts) ? null : RATE.exec(counts)) ?? []
  const rateS = Number(number || 1) * (/^m/i.test(short ?? long ?? '') ? MINUTE_S : HOUR_S)
  const isTimed = rows[0]!.cells.length === 2
  if (isTimed) askForUnit(names[0] ?? '', rows, found === undefined ? undefined : rateS, wrong)
  if (found === undefined) return
  const times = rows.map(({ cells }) => Math.floor(secondsAt(cells[0]!) ?? Number.NaN))
  const isApart = times.every((time) => (time - times[0]!) % rateS === 0)
  const first = `per_${stepName(rateS).replace(' ', '')}`
  const timed = isApart ? `begin with second,${first}` : `leave the times out, with a first line of ${first}`
  const advice = isTimed ? timed : `begin with ${first}`
  throw wrong(
    `its header says '${found}'. Where a row is the count of one ${stepName(rateS)}, ${advice}. Else give counts of a second`,
  )
}

/** 1.200 is 1200 to some and 1.2 to others. Beside whole numbers below 1000 it is likely the former. */
function askForPoints(rows: readonly TraceRow[], wrong: FileMistake): void {
  const texts = rows.map(({ cells }) => cells.at(-1)!)
  const at = texts.findIndex((text) => /^[1-9]\d{0,2}\.\d{3}$/.test(text))
  const isEach = texts.every((text) => /^(?:\d{1,3}|[1-9]\d{0,2}\.\d{3})$/.test(text))
  if (at === -1 || !isEach || texts.every((text) => text.includes('.'))) return
  const text = texts[at]!
  // With three digits again, it would be asked about again.
  const small = String(Number(text)) === text ? `${text}0` : Number(text)
  throw wrong(`line ${rows[at]!.number}: '${text}' may be ${text.replace('.', '')} or ${small}: write it so`)
}

/** `per`: what a first line says of such counts. A trace is of a day at most. */
const UNITS: readonly { readonly word: string; readonly per: string; readonly names: readonly string[] }[] = [
  { word: 'minute', per: 'per_minute', names: ['m', 'min', 'mins', 'minute', 'minutes'] },
  { word: 'hour', per: 'per_hour', names: ['h', 'hr', 'hrs', 'hour', 'hours'] },
  { word: 'day', per: 'per_hour', names: ['d', 'day', 'days'] },
]
const SECONDS = ['s', 'sec', 'secs', 'second', 'seconds']
const SHORT_UNITS = ['ms', 'millis', 'milliseconds', 'us', 'µs', 'ns']

const spaced = (name: string) => name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()

const wordsOf = (name: string): readonly string[] => spaced(name).match(/\p{L}+(?:['’]\p{L}+)*/gu) ?? []

/** Times in another unit. Where minutes that count 0, 1, 2 are taken for seconds, a day lasts for 24 minutes. `rateS`: what its counts are of. */
function askForUnit(name: string, rows: readonly TraceRow[], rateS: number | undefined, wrong: FileMistake): void {
  if (isTime(rows[0]!.cells[0]!)) return
  // Not those of a step: minute (60 s).
  const words = wordsOf(name.replace(/\d+ ?\p{L}+/gu, ' '))
  // The second of a day is a second.
  if (SECONDS.some((one) => words.includes(one))) return
  const short = SHORT_UNITS.find((one) => words.includes(one))
  if (short) throw wrong(`its times are in ${short}: give them in s`)
  const unit = UNITS.find(({ names }) => names.some((one) => words.includes(one)))
  const times = rows.map(({ cells }) => Number(cells[0]))
  if (!unit || rows.length < 2 || times[1]! - times[0]! !== 1) return
  if (rateS !== undefined && rateS !== stepIn(unit.per)) return
  throw wrong(`its times count ${unit.word}s: leave them out, with a first line of ${unit.per}`)
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
