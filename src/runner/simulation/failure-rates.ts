import { type Clock, sleep } from '../../core/contracts/clock.ts'
import type { Effect } from '../../core/contracts/ledger.ts'
import type { Random } from '../../core/contracts/random.ts'

/** What fails by chance in a simulation, and how often. Shares are 0-1 of all tries until `untilMs`. */
export interface FailureRates {
  /** After so many ms of virtual time nothing fails by chance any more, so that the rest can be carried out. */
  readonly untilMs: number
  /** Services that end at a random time, and come back after a while. */
  readonly crashes: number
  /** Of the crash points that are passed. */
  readonly crashPoints: number
  /** The request never arrives and the sender knows it; the answer never arrives and the sender cannot know. */
  readonly requestsLost: number
  readonly repliesLost: number
  /** Published events that the queue delivers once more. */
  readonly duplicates: number
  /** Calls of queue and ledger that fail before they did anything, or after they did all. */
  readonly callsFailed: number
  readonly effectsFailed: number
  /** Effects that take long, some longer than an effect may, and together longer than a lease. */
  readonly effectsSlow: number
}

/** The highest rate of each failure. Every simulation draws its own. */
const MOST = {
  crashes: 4,
  crashPoints: 0.01,
  requestsLost: 0.2,
  repliesLost: 0.2,
  duplicates: 0.3,
  callsFailed: 0.1,
  effectsFailed: 0.2,
  effectsSlow: 0.2,
} as const

export function drawFailureRates(random: Random, untilMs: number): FailureRates {
  // Half of them are absent, so that each is also seen without the others.
  const share = (most: number) => (random() < 0.5 ? 0 : random() * most)
  return {
    untilMs,
    crashes: Math.floor(random() * (MOST.crashes + 1)),
    crashPoints: share(MOST.crashPoints),
    requestsLost: share(MOST.requestsLost),
    repliesLost: share(MOST.repliesLost),
    duplicates: share(MOST.duplicates),
    callsFailed: share(MOST.callsFailed),
    effectsFailed: share(MOST.effectsFailed),
    effectsSlow: share(MOST.effectsSlow),
  }
}

export const NO_FAILURES: FailureRates = {
  untilMs: 0,
  crashes: 0,
  crashPoints: 0,
  requestsLost: 0,
  repliesLost: 0,
  duplicates: 0,
  callsFailed: 0,
  effectsFailed: 0,
  effectsSlow: 0,
}

/** Draws whether this fails now. */
export type Fails = (failure: Exclude<keyof FailureRates, 'untilMs' | 'crashes'>) => boolean

export function failsBy(rates: FailureRates, clock: Clock, random: Random): Fails {
  return (failure) => clock.monotonic() < rates.untilMs && random() < rates[failure]
}

export interface EffectFailures {
  readonly clock: Clock
  readonly random: Random
  readonly fails: Fails
  /** The longest delay of a slow effect, in ms. */
  readonly slowMs: number
}

/** The effect as it goes when what it depends on fails by chance, or is slow. */
export function failingEffect(effect: Effect, { clock, random, fails, slowMs }: EffectFailures): Effect {
  return async (event, tx) => {
    if (fails('effectsSlow')) await sleep(clock, random() * slowMs)
    if (fails('effectsFailed')) throw new Error('what the effect depends on is down')
    return effect(event, tx)
  }
}
