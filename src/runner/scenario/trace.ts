import { readFileSync, statSync } from 'node:fs'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Scenario } from './scenario.ts'

/** A day. */
const SECONDS_MAX = 86_400
const PER_SECOND_MAX = 10_000_000
const BYTES_MAX = 8 * 1024 * 1024

/** Arrivals of each second, one after the other. */
export type Trace = readonly number[]

/** A file of `second,count` lines, or of one count a line. @throws FloodmarkError 'misuse', naming the line. */
export function readTrace(path: string): Trace {
  let text: string
  try {
    if (statSync(path).size > BYTES_MAX) throw new Error(`it has more than ${BYTES_MAX} bytes`)
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new FloodmarkError('misuse', `--shape ${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
  return parseTrace(text, path)
}

/**
 * Seconds may begin anywhere, as those since 1970 do; one that is left out had no arrivals. A first line of words is a header.
 * `name`: the file's, for messages. @throws FloodmarkError 'misuse', naming the line.
 */
export function parseTrace(text: string, name: string): Trace {
  const counts: number[] = []
  let timed: boolean | undefined
  let firstSecond = 0
  for (const [at, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim()
    if (line === '' || (at === 0 && /^["a-z]/i.test(line))) continue
    const wrong = (what: string) => new FloodmarkError('misuse', `${name}: line ${at + 1}: ${what}`)
    const found = /^(?:(\d+)\s*,\s*)?(\d+(?:\.\d+)?)$/.exec(line)
    if (!found) throw wrong(`'${line.slice(0, 40)}' is neither second,count nor a count`)
    const [, second, count] = found
    timed ??= second !== undefined
    if (timed !== (second !== undefined))
      throw wrong(`'${line}' is not as the lines before: ${timed ? 'second,count' : 'a count'}`)
    if (counts.length === 0) firstSecond = Number(second ?? 0)
    const position = second === undefined ? counts.length : Number(second) - firstSecond
    if (position < counts.length) throw wrong(`second ${second} does not come after the one before`)
    if (position >= SECONDS_MAX)
      throw wrong(`more than ${SECONDS_MAX} seconds after the first: give whole seconds, of a day at most`)
    if (Number(count) > PER_SECOND_MAX) throw wrong(`${count} is more than ${PER_SECOND_MAX} a second`)
    while (counts.length < position) counts.push(0)
    counts.push(Number(count))
  }
  if (sum(counts) === 0) throw new FloodmarkError('misuse', `${name}: no arrivals in it`)
  return counts
}

/** Arrivals a second on average. */
export function meanPerS(trace: Trace): number {
  return Number((sum(trace) / trace.length).toPrecision(6))
}

/** The scenario with a trace's course in place of its own shape, and of the phases that named it; the trace's mean is 1. */
export function withTrace(scenario: Scenario, trace: Trace | undefined): Scenario {
  if (!trace) return scenario
  const mean = sum(trace) / trace.length
  const last = trace.length - 1
  const shape = (at: number) => trace[Math.min(last, Math.max(0, Math.floor(at * trace.length)))]! / mean
  return { ...scenario, shape, phases: [{ name: 'trace', until: 1 }] }
}

function sum(trace: Trace): number {
  return trace.reduce((total, count) => total + count, 0)
}
