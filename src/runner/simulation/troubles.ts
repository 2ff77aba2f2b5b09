import { type Clock, sleep } from '../../core/contracts/clock.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Effect } from '../../core/contracts/ledger.ts'
import type { Random } from '../../core/contracts/random.ts'
import { isPoisoned } from '../plan/identity.ts'
import type { Wrong } from './wrong.ts'

/** What goes wrong in a simulation, and how often. Shares are 0-1 of all tries, as long as troubles last. */
export interface Troubles {
  /** From then on, ms of virtual time, nothing goes wrong any more: what is left can be carried out. */
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

/** How much of each trouble there is at most: every simulation draws its own. */
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

export function drawTroubles(random: Random, untilMs: number): Troubles {
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

export const NO_TROUBLES: Troubles = {
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

/** Draws whether something goes wrong now. */
export type Strikes = (trouble: Exclude<keyof Troubles, 'untilMs' | 'crashes'>) => boolean

export function strikes(troubles: Troubles, clock: Clock, random: Random): Strikes {
  return (trouble) => clock.monotonic() < troubles.untilMs && random() < troubles[trouble]
}

export interface EffectTroubles {
  readonly clock: Clock
  readonly random: Random
  readonly strikes: Strikes
  readonly wrong: Wrong
  /** The longest delay of a slow one, ms. */
  readonly slowMs: number
}

/** The effect as it goes when what it depends on is down or slow, or when it has a bug. */
export function troubledEffect(effect: Effect, troubles: EffectTroubles): Effect {
  const { clock, random, strikes, wrong, slowMs } = troubles
  return async (event, tx) => {
    for (const bug of wrong.poisons) {
      if (isPoisoned(bug, event)) throw new FloodmarkError('rejected', 'planned: poisoned by a bug')
    }
    const waitMs = wrong.effectMs + (strikes('effectsSlow') ? random() * slowMs : 0)
    if (waitMs > 0) await sleep(clock, waitMs)
    const down = wrong.effectFailShare > 0 && random() < wrong.effectFailShare
    if (down || strikes('effectsFailed')) throw new Error('what the effect depends on is down')
    return effect(event, tx)
  }
}
