import type { Clock } from '../contracts/clock.ts'

/** So many senders are known, the latest: one that was forgotten begins with a full burst. */
const KNOWN_MAX = 10_000

interface Bucket {
  /** How many requests it may send at once, now. */
  left: number
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
    const atMs = this.#clock.monotonic()
    const known = this.#buckets.get(sender)
    const filled = known ? known.left + ((atMs - known.atMs) / 1_000) * this.#perS : this.#burst
    const left = Math.min(this.#burst, filled)
    this.#buckets.delete(sender)
    this.#buckets.set(sender, { left: left >= 1 ? left - 1 : left, atMs })
    if (this.#buckets.size > KNOWN_MAX) this.#buckets.delete(this.#buckets.keys().next().value!)
    return left >= 1 ? 0 : (1 - left) / this.#perS
  }
}
