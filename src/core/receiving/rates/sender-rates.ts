import { putLatest } from '../../base/kit/put-latest.ts'
import type { Clock } from '../../contracts/clock.ts'
import type { RateGrant } from '../../contracts/rate.ts'

/** So many senders are known, the latest: one that was forgotten begins with a full burst. */
export const KNOWN_MAX = 10_000

interface Bucket {
  /** How many requests it may send at once, now. */
  left: number
  /** Those that were told to come again, less as many as could have since. */
  line: number
  atMs: number
}

/** Requests that each of many senders may send: so many a second, and so many at once after a rest. */
export class SenderRates {
  readonly #perS: number
  readonly #burst: number
  readonly #clock: Clock
  /** The latest used last. */
  readonly #buckets = new Map<string, Bucket>()

  constructor(perS: number, burst: number, clock: Clock) {
    this.#perS = perS
    this.#burst = Math.max(1, burst)
    this.#clock = clock
  }

  /** Counts one in. 0: it may be sent. Else: how many seconds from now one more may. */
  waitS(sender: string): number {
    return this.take(sender, 1).waitS
  }

  /** Counts in as many of `want` as may be sent now. */
  take(sender: string, want: number): RateGrant {
    const atMs = this.#clock.monotonic()
    const known = this.#buckets.get(sender)
    const sinceS = known ? (atMs - known.atMs) / 1_000 : 0
    const filled = Math.min(this.#burst, known ? known.left + sinceS * this.#perS : this.#burst)
    const count = Math.min(want, Math.floor(filled))
    const left = filled - count
    const line = Math.max(0, (known?.line ?? 0) - sinceS * this.#perS) + (count < want ? 1 : 0)
    putLatest(this.#buckets, sender, { left, line, atMs }, KNOWN_MAX)
    return { count, waitS: count < want ? (1 - left) / this.#perS : 0 }
  }

  /** How many seconds those take that were told to come again. */
  lineS(sender: string): number {
    return Math.max(0, (this.#buckets.get(sender)?.line ?? 0) - 1) / this.#perS
  }
}
