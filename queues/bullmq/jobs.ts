import { encodedBytes } from '../../src/core/base/codec.ts'
import type { Clock } from '../../src/core/contracts/clock.ts'
import type { ConsumeOptions, Delivery, Handler, Verdict } from '../../src/core/contracts/queue.ts'
import { Dispatcher, FAILED_RETRY_MS, type Part, type Source } from '../../src/core/processing/dispatcher.ts'

interface WaitingJob {
  readonly delivery: Delivery
  readonly bytes: number
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
      this.#waiting.push({ delivery, bytes: encodedBytes(delivery.event), resolve })
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

  take(eventsMax: number, bytesMax: number): Part[] {
    let count = 0
    for (let bytes = 0; count < Math.min(eventsMax, this.#waiting.length); count++) {
      bytes += this.#waiting[count]!.bytes
      if (bytes > bytesMax && count > 0) break
    }
    return this.#waiting.splice(0, count).map(
      ({ delivery, bytes, resolve }): Part => ({
        events: 1,
        bytes,
        load: () => [delivery],
        settle: ([verdict]) => resolve(verdict!),
        lapse: () => resolve({ retryInMs: FAILED_RETRY_MS }),
      }),
    )
  }
}
