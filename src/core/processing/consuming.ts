import { type Backoff, backoffMs } from '../base/backoff.ts'
import { type Clock, sleep } from '../contracts/clock.ts'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'
import type { Random } from '../contracts/random.ts'

/** Waits before a consumer is begun again. One that has run for so long, ms, begins again with the first wait. */
const BACKOFF: Backoff = { baseMs: 1_000, capMs: 30_000 }
const WELL_AFTER_MS = 60_000

export interface ConsumingOptions {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  /** Told each time that a consumer ended. Must not throw. */
  readonly onError?: (error: unknown) => void
}

/** Keeps a queue consumed: a consumer that ends although nobody stopped it is begun again, after a wait that grows. */
export class Consuming {
  /** Times that a consumer ended by itself. */
  ended = 0
  isRunning = false
  readonly #options: ConsumingOptions

  constructor(options: ConsumingOptions) {
    this.#options = options
  }

  /** Resolves when the signal has aborted and the last consumer has ended. Never rejects. */
  async run(consume: () => Promise<void>): Promise<void> {
    const { clock, random, signal, onError } = this.#options
    for (let inARow = 0; !signal.aborted; ) {
      const begunMs = clock.monotonic()
      const why = await this.#consumed(consume)
      if (signal.aborted) return
      inARow = clock.monotonic() - begunMs >= WELL_AFTER_MS ? 1 : inARow + 1
      this.ended++
      const waitMs = backoffMs(inARow, BACKOFF, random)
      const what = `the queue's consumer ended: ${why}. It is begun again in ${Math.ceil(waitMs / 1_000)} s`
      onError?.(new FloodmarkError('unavailable', what))
      await sleep(clock, waitMs, signal)
    }
  }

  /** Resolves to why it ended. */
  async #consumed(consume: () => Promise<void>): Promise<string> {
    this.isRunning = true
    try {
      await consume()
      return 'it gave no reason'
    } catch (error) {
      return messageOf(error)
    } finally {
      this.isRunning = false
    }
  }
}
