import { type Clock, sleep } from '../../src/core/contracts/clock.ts'

/**
 * Between two calls once SQS throttles: doubled by each refusal, halved by each call that went well. Many a wait has to fit into a
 * lease, or what was handled comes again.
 */
const WAIT = { firstMs: 25, mostMs: 500 }

/**
 * When the next call of a kind may go. While SQS throttles they go one after the other with a wait between, so that the calls it
 * still takes are not wasted on those that it refuses.
 */
export class Pace {
  readonly #clock: Clock
  #waitMs = 0
  #nextMs = 0
  #last: Promise<void> = Promise.resolve()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when the caller may call: at once unless SQS throttles. */
  turn(): Promise<void> {
    if (this.#waitMs === 0) return Promise.resolve()
    this.#last = this.#last.then(() => sleep(this.#clock, this.#waitMs))
    return this.#last
  }

  /** Whether a call may go now, for callers that had rather be refused than wait. */
  takeTurn(): boolean {
    const nowMs = this.#clock.monotonic()
    if (nowMs < this.#nextMs) return false
    this.#nextMs = nowMs + this.#waitMs
    return true
  }

  /** How a call went. */
  tell(throttled: boolean): void {
    if (throttled) this.#waitMs = Math.min(WAIT.mostMs, Math.max(WAIT.firstMs, this.#waitMs * 2))
    else this.#waitMs = this.#waitMs <= WAIT.firstMs ? 0 : this.#waitMs / 2
    if (throttled) this.#nextMs = this.#clock.monotonic() + this.#waitMs
  }
}
