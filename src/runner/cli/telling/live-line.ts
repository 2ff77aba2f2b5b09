import { styleText } from 'node:util'
import { oneLine } from '../../../core/base/one-line.ts'
import { grouped, ms, perS } from '../../../core/base/words.ts'
import type { Progress, ServiceSample } from '../../records/facts.ts'
import type { RunEvents } from '../../records/run-events.ts'
import { spark } from './spark.ts'

const PLAIN_EVERY_MS = 5_000
const SPARK_MAX = 24
/** The width of a terminal that does not say it. */
const COLUMNS = 80

/** What a run has come to. */
interface Now {
  readonly name: string
  readonly ratePerS: number
  /** undefined: nothing was accepted since the last time. */
  readonly p99Ms: number | undefined
  readonly backlog: number | null | undefined
  readonly sent: number
  readonly leftS: number
}

/**
 * One line that changes while a run goes on, with its latest rates and p99s as blocks. Where the output is not a terminal, a
 * plain line every few seconds. `markMs`: the pass mark that the p99 is coloured by.
 */
export function liveLine(
  out: NodeJS.WriteStream,
  durationMs: number,
  phases: readonly { name: string; until: number }[],
  markMs?: number,
): RunEvents & { end(): void } {
  let phase = 'start'
  let service: ServiceSample | undefined
  const senders = new Map<number, Progress>()
  let before = { atMs: 0, sent: 0 }
  let printedAtMs = Number.NEGATIVE_INFINITY
  const rates: number[] = []
  const waits: number[] = []

  function now(): Now | undefined {
    const progress = [...senders.values()]
    if (progress.length === 0) return undefined
    const atMs = Math.max(...progress.map((one) => one.atMs))
    const sent = progress.reduce((sum, one) => sum + one.sent, 0)
    const ratePerS = atMs > before.atMs ? ((sent - before.sent) * 1_000) / (atMs - before.atMs) : 0
    before = { atMs, sent }
    const name = phases.find(({ until }) => atMs <= until * durationMs)?.name ?? 'last answers'
    const p99s = progress.flatMap((one) => one.responseP99Ms ?? [])
    const p99Ms = p99s.length === 0 ? undefined : Math.max(...p99s)
    rates.push(ratePerS)
    if (p99Ms !== undefined) waits.push(p99Ms)
    const leftS = Math.max(0, Math.ceil((durationMs - atMs) / 1_000))
    return { name, ratePerS, p99Ms, backlog: service?.backlog, sent, leftS }
  }

  function print(force = false): void {
    // What was said last of the sending is old when that is over.
    const found = phase === 'send' ? now() : undefined
    const plain = found ? plainLine(found) : phase
    if (out.isTTY) {
      const columns = (out.columns ?? COLUMNS) - 1
      const line = found ? drawn(found, columns, { rates, waits, markMs }) : undefined
      out.write(`\r\x1b[2K${line ?? oneLine(plain).slice(0, columns)}`)
    } else if (force || performance.now() - printedAtMs > PLAIN_EVERY_MS) {
      printedAtMs = performance.now()
      out.write(`${oneLine(plain)}\n`)
    }
  }

  return {
    phase(name, detail) {
      phase = detail ?? name
      print(true)
    },
    sample(sample) {
      if (sample.backlog !== null) service = sample
    },
    progress(sender, progress) {
      if (phase !== 'drain') phase = 'send'
      senders.set(sender, progress)
      print()
    },
    end() {
      if (out.isTTY) out.write('\r\x1b[2K')
    },
  }
}

function wordsOf({ name, ratePerS, p99Ms, backlog, sent, leftS }: Now) {
  return {
    name,
    rate: perS(ratePerS),
    p99: p99Ms === undefined ? 'nothing accepted' : `p99 ${ms(p99Ms)}`,
    rest: `backlog ${backlog === null || backlog === undefined ? '?' : grouped(backlog)}  ${grouped(sent)} sent  ${leftS} s to go`,
  }
}

function plainLine(of: Now): string {
  const { name, rate, p99, rest } = wordsOf(of)
  return `${name}  ${rate}  ${p99}  ${rest}`
}

/** For a terminal: blocks where there is room for them, and colour by the pass mark. undefined: there is no room. */
function drawn(
  of: Now,
  columns: number,
  { rates, waits, markMs }: { rates: readonly number[]; waits: readonly number[]; markMs: number | undefined },
): string | undefined {
  const { name, rate, p99, rest } = wordsOf(of)
  const text = `${oneLine(name)}  ${rate.padStart(8)}`
  const room = columns - text.length - p99.length - rest.length - 6
  if (room < 0) return undefined
  const blocks = Math.min(SPARK_MAX, Math.floor((room - 2) / 2))
  const shown = (values: readonly number[], log: boolean) =>
    blocks < 4 || values.length === 0 ? '' : ` ${spark(values, blocks, log)}`
  const isLate = markMs !== undefined && of.p99Ms !== undefined && of.p99Ms > markMs
  const colour = markMs === undefined || of.p99Ms === undefined ? undefined : isLate ? 'red' : 'green'
  const inColour = (words: string) => (colour ? styleText(colour, words, { stream: process.stderr }) : words)
  return `${text}${shown(rates, false)}  ${inColour(`${p99}${shown(waits, true)}`)}  ${rest}`
}

/** Tells nobody. */
export const silent: RunEvents & { end(): void } = { phase() {}, sample() {}, progress() {}, end() {} }

/** Tells two. */
export function both(one: RunEvents, other: RunEvents): RunEvents {
  return {
    phase(...told) {
      one.phase(...told)
      other.phase(...told)
    },
    sample(...told) {
      one.sample(...told)
      other.sample(...told)
    },
    progress(...told) {
      one.progress(...told)
      other.progress(...told)
    },
    settled(...told) {
      one.settled?.(...told)
      other.settled?.(...told)
    },
  }
}
