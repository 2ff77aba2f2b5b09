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
  /** Told when a consumer ended: once, however often it ends for the same reason. Must not throw. */
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
    let told: string | undefined
    for (let inARow = 0; !signal.aborted; ) {
      const begunMs = clock.monotonic()
      const why = await this.#consumed(consume)
      if (signal.aborted) return
      const ranWell = clock.monotonic() - begunMs >= WELL_AFTER_MS
      inARow = ranWell ? 1 : inARow + 1
      this.ended++
      if (ranWell || why !== told) onError?.(endedBy(why))
      told = why
      const waitMs = backoffMs(inARow, BACKOFF, random)
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

function endedBy(why: string): FloodmarkError {
  const mostS = BACKOFF.capMs / 1_000
  return new FloodmarkError(
    'unavailable',
    `the queue's consumer ended: ${why}. It is begun again within ${mostS} s, as often as needed`,
  )
}
