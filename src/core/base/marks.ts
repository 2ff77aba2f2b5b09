import type { Clock } from '../contracts/clock.ts'
import type { WebhookEvent } from '../contracts/event.ts'
import type { Claim, DeadLetter, EventFate, Handled } from '../contracts/ledger.ts'
import { differsFrom } from './copy-digest.ts'

/** A wall clock that is ahead of the elapsed time by more than so many ms is not believed where marks end. */
export const STEP_MS_MAX = 300_000

/** Whether a mark covers a copy: it does when the copy was received before the mark ended, also where it is claimed later. */
export function covers(endsMs: number, nowMs: number, { receivedAtMs }: Pick<WebhookEvent, 'receivedAtMs'>): boolean {
  return endsMs > Math.min(nowMs, receivedAtMs)
}

/** Whether a mark that covered a copy is to be renewed: senders that still come, and deliveries that wait, may come again. */
export function isToRenew(endsMs: number, nowMs: number, ttlMs: number): boolean {
  return endsMs - nowMs < ttlMs / 2
}

const DUPLICATE: Claim = { state: 'duplicate' }
const DIFFERING: Claim = { state: 'duplicate', differs: true }

/** The claim of a copy. `settled`: the digest of the event that was settled under its id. */
export function duplicateOf(settled: number | undefined, event: Pick<WebhookEvent, 'headers' | 'body'>): Claim {
  return differsFrom(settled, event) ? DIFFERING : DUPLICATE
}

const UNKNOWN: EventFate = { state: 'unknown' }

/** What became of an id that nobody holds and that is not settled for good. */
export function fateOfWaiting(failures: number, lostTries: number): EventFate {
  return failures + lostTries === 0 ? UNKNOWN : { state: 'waiting', failures, lostTries }
}

/** What an effect made of an event as one number: how ledgers keep it beside a mark. 0: nothing is kept. */
export function handledNumber(handled: Omit<Handled, 'atMs'> | undefined): number {
  if (!handled) return 0
  const { outcome, attempts } = handled
  return Math.min(attempts, ATTEMPTS_MAX) * 2 + (outcome === 'nothing' ? 1 : 0)
}

const ATTEMPTS_MAX = 2 ** 30 - 1

/** The fate of a marked id. `number`: of handledNumber; 0: nothing was kept. */
export function fateOfMarked(number: number, atMs: number): EventFate {
  if (number === 0) return APPLIED
  return {
    state: 'applied',
    handled: { outcome: number % 2 === 1 ? 'nothing' : 'done', attempts: Math.floor(number / 2), atMs },
  }
}

const APPLIED: EventFate = { state: 'applied' }

/** The fate of an id whose letter is kept. */
export function fateOfBuried({ cause, reason, failures, atMs }: Omit<DeadLetter, 'event'>): EventFate {
  return { state: 'buried', cause, reason, failures, atMs }
}

/** The time by which a ledger's marks end and are deleted. A wall clock that is stepped neither ends nor deletes marks. */
export class MarkTime {
  readonly #clock: Clock
  readonly #wallMs: number
  readonly #monotonicMs: number

  /** `wallMs`: the time now, where it is not the clock's own but a server's. */
  constructor(clock: Clock, wallMs = clock.now()) {
    this.#clock = clock
    this.#wallMs = wallMs
    this.#monotonicMs = clock.monotonic()
  }

  /** The time from which a new mark's life counts: a clock that was set back does not shorten it. */
  latest(): number {
    return Math.max(this.#clock.now(), this.steady())
  }

  /** The time by which a mark has ended or not: a clock that was set forward ends none. */
  believed(): number {
    return Math.min(this.#clock.now(), this.steady() + STEP_MS_MAX)
  }

  /**
   * Marks that ended before may be deleted. A clock that was set forward deletes none, and neither does the time that
   * passed while events waited: their copies may wait too. `settled`: the events of the call that deletes.
   */
  sweptBefore(settled: readonly { readonly event: Pick<WebhookEvent, 'receivedAtMs'> }[]): number {
    let beforeMs = this.believed()
    for (const { event } of settled) beforeMs = Math.min(beforeMs, event.receivedAtMs)
    return beforeMs
  }

  /** The time by what has passed since the start, whatever was done to the wall clock. */
  steady(): number {
    return this.#wallMs + this.#clock.monotonic() - this.#monotonicMs
  }
}
