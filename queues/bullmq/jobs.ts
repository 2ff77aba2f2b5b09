import type { Clock } from '../../src/core/contracts/clock.ts'
import type { ConsumeOptions, Delivery, Handler, Verdict } from '../../src/core/contracts/queue.ts'
import { Dispatcher, FAILED_RETRY_MS, type Part, type Source } from '../../src/core/processing/dispatcher.ts'

interface WaitingJob {
  readonly delivery: Delivery
  readonly resolve: (verdict: Verdict) => void
}

/** Makes batches of single jobs. BullMQ hands out one at a time, and a transaction for each job would cost far more. */
export class Jobs implements Source {
  #waiting: WaitingJob[] = []
  #over = false
  readonly #dispatcher: Dispatcher

  constructor(clock: Clock) {
    this.#dispatcher = new Dispatcher(clock, this)
  }

  /** Resolves with the verdict on this delivery. Never rejects. */
  judge(delivery: Delivery): Promise<Verdict> {
    if (this.#over) return Promise.resolve({ retryInMs: 0 })
    return new Promise((resolve) => {
      this.#waiting.push({ delivery, resolve })
      this.#dispatcher.wake()
    })
  }

  /** As Queue.consume. Jobs that wait for a handler when the signal aborts come again. */
  async consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    await this.#dispatcher.consume(handle, options)
    this.#over = true
    for (const { resolve } of this.#waiting.splice(0)) resolve({ retryInMs: 0 })
  }

  get readyEvents(): number {
    return this.#waiting.length
  }

  take(eventsMax: number): Part[] {
    return this.#waiting.splice(0, eventsMax).map(
      ({ delivery, resolve }): Part => ({
        events: 1,
        load: () => [delivery],
        settle: ([verdict]) => resolve(verdict!),
        lapse: () => resolve({ retryInMs: FAILED_RETRY_MS }),
      }),
    )
  }
}
