import { z } from 'zod'
import { quoted } from '../scenario/plain-words.ts'

/** Lengths of time, rates and counts as people write them: 30s, 1.5k, 500/s. */

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const TIMES: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6 }
const NUMBER = String.raw`(\d+(?:\.\d+)?|\.\d+)`
const TIME = new RegExp(`^${NUMBER}\\s*(ms|s|min|m|h|d)?$`, 'i')
const COUNT = new RegExp(`^${NUMBER}\\s*([km]?)$`, 'i')

type Written = number | string

/** `bare`: the unit of a number without one. undefined: not a length of time. */
export function msOf(written: Written, bare: 's' | 'ms'): number | undefined {
  const found = TIME.exec(String(written).trim())
  return found ? exact(Number(found[1]) * UNITS_MS[(found[2] ?? bare).toLowerCase()]!) : undefined
}

/** `suffix`: what may stand behind, as '/s' behind a rate. undefined: not a number. */
export function countOf(written: Written, suffix = ''): number | undefined {
  const text = String(written).trim()
  const found = COUNT.exec(suffix && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text)
  return found ? exact(Number(found[1]) * TIMES[found[2]!.toLowerCase()]!) : undefined
}

/** A length of time as a person writes it: the largest unit of which it is a round number. */
export function timeText(ms: number): string {
  const units = ['h', 'm', 's'] as const
  const unit = units.find((one) => ms !== 0 && ms % UNITS_MS[one]! === 0)
  if (unit) return `${ms / UNITS_MS[unit]!}${unit}`
  return ms >= 1_000 ? `${ms / 1_000}s` : `${ms}ms`
}

/** A length of time, in ms. */
export function time(bare: 's' | 'ms', least: number, most: number) {
  const example =
    bare === 's' ? '30s, 5m or 1.5h (a bare number is in seconds)' : '200ms, 1.5s or 5m (a bare number is in ms)'
  return written((value) => msOf(value, bare), z.number(), {
    what: `is not a length of time: write ${example}`,
    ...{ least, most, text: timeText },
  })
}

/** Events or requests in a second. `of`: which of them. */
export function perS(of: string, least: number, most: number) {
  return written((value) => countOf(value, '/s'), z.number(), {
    what: `is not a number of ${of} per second: write 300, 3k or 3000/s`,
    ...{ least, most, text: (perSecond: number) => `${perSecond}/s` },
  })
}

/** A factor: 20, 20x. */
export function factor(least: number, most: number) {
  return written((value) => countOf(value, 'x'), z.number(), {
    what: 'is not a factor: write 20 or 2.5',
    ...{ least, most, text: String },
  })
}

/** A whole number. */
export function count(least: number, most: number) {
  return written((value) => countOf(value), z.int(), {
    what: 'is not a whole number: write 4 or 2k',
    ...{ least, most, text: String },
  })
}

interface Words {
  /** Follows the value, quoted. */
  readonly what: string
  readonly least: number
  readonly most: number
  text(value: number): string
}

/** Messages follow the name of what is set. */
function written(read: (value: Written) => number | undefined, kind: z.ZodType<number, number>, words: Words) {
  const { what, least, most, text } = words
  const error = ({ input }: { readonly input?: unknown }) => `${quoted(input)} ${what}`
  return z
    .custom<Written>((value) => typeof value === 'number' || typeof value === 'string', { error })
    .transform((value, context): number => {
      const read_ = read(value)
      const mistake = (message: string) => {
        context.issues.push({ code: 'custom', input: value, message })
        return z.NEVER
      }
      if (read_ === undefined || !kind.safeParse(read_).success) return mistake(`${quoted(value)} ${what}`)
      if (read_ < least) return mistake(`${quoted(value)} is less than ${text(least)}`)
      if (read_ > most) return mistake(`${quoted(value)} is more than ${text(most)}`)
      return read_
    })
    .pipe(kind)
}

/** 0.29 · 1000 is 290 and not 290.00000000000006 for people who write k. */
function exact(value: number): number {
  return Number(value.toPrecision(12))
}
