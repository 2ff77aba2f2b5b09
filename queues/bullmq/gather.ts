import type { Clock } from '../../src/core/contracts/clock.ts'
import type { ConsumeOptions, Delivery, Handler, Verdict } from '../../src/core/contracts/queue.ts'

/** A job waits this long, ms, for company: BullMQ hands out one at a time, and a transaction for each would cost far more. */
const GATHER_MS = 3

interface Waiting {
  readonly delivery: Delivery
  readonly resolve: (verdict: Verdict) => void
  readonly reject: (error: unknown) => void
}

/** Makes batches of single deliveries: a handler call begins when a batch is full, or 3 ms after its first delivery. */
export class Gather {
  readonly #handle: Handler
  readonly #clock: Clock
  readonly #options: ConsumeOptions
  #waiting: Waiting[] = []
  #running = 0
  #due = false
  #timing = false
  #onIdle: (() => void)[] = []

  constructor(handle: Handler, clock: Clock, options: ConsumeOptions) {
    this.#handle = handle
    this.#clock = clock
    this.#options = options
  }

  /** Resolves with the handler's verdict on this delivery. Rejects as the handler does. */
  judge(delivery: Delivery): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ delivery, resolve, reject })
      this.#start()
    })
  }

  /** Resolves when no handler runs and nothing waits for one. */
  idle(): Promise<void> {
    if (this.#running === 0 && this.#waiting.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  #start(): void {
    const { batchEventsMax, handlersMax } = this.#options
    while (this.#running < handlersMax && this.#waiting.length >= (this.#due ? 1 : batchEventsMax)) {
      void this.#run(this.#waiting.splice(0, batchEventsMax))
    }
    if (this.#waiting.length === 0) this.#due = false
    else if (!this.#due && !this.#timing) {
      this.#timing = true
      this.#clock.after(GATHER_MS, () => {
        this.#timing = false
        this.#due = true
        this.#start()
      })
    }
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    this.#running++
    try {
      const verdicts = await this.#handle(batch.map(({ delivery }) => delivery))
      if (verdicts.length !== batch.length) throw new Error('one verdict a delivery is needed')
      for (const [at, { resolve }] of batch.entries()) resolve(verdicts[at]!)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    this.#running--
    this.#start()
    if (this.#running > 0 || this.#waiting.length > 0) return
    for (const resolve of this.#onIdle.splice(0)) resolve()
  }
}
