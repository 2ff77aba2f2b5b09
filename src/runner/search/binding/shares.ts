import { studentQuantile } from '../../report/latency/distributions.ts'

/** Ends of an interval that holds a share with 90%. */
export interface Share {
  readonly share: number
  readonly low: number
  readonly high: number
}

/** What 1,000 events cost one thread, ms, in a round of trials: as it is, and with each stage done twice or left alone. */
export interface Round<Name extends string> {
  readonly base: number
  readonly with: Readonly<Record<Name, number>>
}

/** In a round a stage was done twice, or it was all that was left. */
export type Reading = 'added' | 'alone'

/**
 * The share that each stage has in the thread's time for an event: what it added when it was done twice, or what was left when it
 * was alone, by the cost of the same round. Rounds are the unit. How much they differ is taken from all stages together, since
 * three rounds say little of that.
 */
export function sharesOf<Name extends string>(
  rounds: readonly Round<Name>[],
  readings: Readonly<Record<Name, Reading>>,
): Record<Name, Share> {
  const names = Object.keys(readings) as Name[]
  const shareIn = (round: Round<Name>, name: Name) =>
    round.with[name] / round.base - (readings[name] === 'added' ? 1 : 0)
  const all = names.map((name) => rounds.map((round) => shareIn(round, name)))
  const error = Math.sqrt(pooledVariance(all) / rounds.length)
  const reach = studentQuantile(0.95, Math.max(1, (rounds.length - 1) * names.length)) * error
  const known = names.map((name, at) => {
    const share = mean(all[at]!)
    return [name, { share, low: share - reach, high: share + reach }] as const
  })
  return Object.fromEntries(known) as Record<Name, Share>
}

/**
 * The sum of shares, and of what they leave of 1. Each is a trial beside the one of the thread as it was: the error of the first is its
 * own, that of the second all of them share.
 */
export function sumOf(shares: readonly Share[]): { readonly sum: Share; readonly rest: Share } {
  const share = shares.reduce((total, one) => total + one.share, 0)
  const reaches = shares.map((one) => one.high - one.share)
  const [own, shared] = [reaches.reduce((total, one) => total + one ** 2, 0), reaches.reduce((a, b) => a + b, 0) ** 2]
  const reach = Math.sqrt((own + shared) / 2)
  const around = (middle: number): Share => ({ share: middle, low: middle - reach, high: middle + reach })
  return { sum: around(share), rest: around(1 - share) }
}

/** The difference of two of them. */
export function lessOf(whole: Share, part: Share): Share {
  const reach = Math.hypot(whole.high - whole.share, part.high - part.share)
  const share = whole.share - part.share
  return { share, low: share - reach, high: share + reach }
}

/** The ceiling, as a multiple of what it is, with the stage gone; and with it done twice. */
export const gainWithout = (share: number) => 1 / (1 - Math.min(0.99, Math.max(0, share)))
export const factorTwice = (share: number) => 1 / (1 + Math.max(0, share))

function pooledVariance(all: readonly (readonly number[])[]): number {
  const squares = all.reduce((sum, of) => sum + of.reduce((one, value) => one + (value - mean(of)) ** 2, 0), 0)
  return (
    squares /
    Math.max(
      1,
      all.reduce((sum, of) => sum + of.length - 1, 0),
    )
  )
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
