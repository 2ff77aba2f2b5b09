import { type Clock, sleep } from '../../src/core/contracts/clock.ts'

/** Between two calls once SQS throttles: doubled by each refusal, and shorter by each call that went well. */
const WAIT = { firstMs: 50, mostMs: 2_000, growth: 2, shrink: 0.7 }

/**
 * The turns of calls that are not urgent, such as deletes. While SQS throttles they go one after the other with a pause between,
 * so that the calls it still takes are not wasted on those that it refuses.
 */
export class Pace {
  readonly #clock: Clock
  #waitMs = 0
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

  /** How a call went. */
  tell(throttled: boolean): void {
    if (throttled) this.#waitMs = Math.min(WAIT.mostMs, Math.max(WAIT.firstMs, this.#waitMs * WAIT.growth))
    else this.#waitMs = this.#waitMs * WAIT.shrink < WAIT.firstMs ? 0 : this.#waitMs * WAIT.shrink
  }
}
