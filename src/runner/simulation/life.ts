import { createBatcher } from '../../core/batcher.ts'
import { type Clock, sleep } from '../../core/clock.ts'
import { FloodmarkError } from '../../core/errors.ts'
import { createIngest } from '../../core/ingest.ts'
import type { Effect, Ledger } from '../../core/ledger.ts'
import { type ProcessorCounts, startProcessor } from '../../core/processor.ts'
import type { Route } from '../../core/provider.ts'
import { PublishError, type Queue } from '../../core/queue.ts'
import type { Random } from '../../core/random.ts'
import type { Ingest } from '../../core/receiver.ts'
import type { ServiceLimits } from '../../core/service.ts'
import type { Strikes } from './troubles.ts'

/** A call of queue or ledger takes up to this long each way, ms. */
const CALL_MS = 4
/** The queue delivers an event once more within this time, ms. */
const AGAIN_MS = 5_000

export interface LifeOptions {
  readonly queue: Queue
  readonly ledger: Ledger
  readonly effect: Effect
  readonly routes: readonly Route[]
  readonly limits: ServiceLimits
  readonly clock: Clock
  readonly random: Random
  readonly strikes: Strikes
}

/**
 * One life of a service, from its start to its crash: the ingest, batcher and processor that every service has. Queue and
 * ledger outlive it. When it has ended none of its calls settles any more: nobody is there to hear of it.
 */
export class Life {
  readonly ingest: Ingest
  readonly counts: Readonly<ProcessorCounts>
  readonly #options: LifeOptions
  readonly #end = new AbortController()

  constructor(options: LifeOptions) {
    this.#options = options
    const { limits, clock, random, routes, effect, strikes } = options
    const queue = this.#queue()
    const ledger = this.#ledger()
    const crashPoint = () => {
      if (strikes('crashPoints')) this.end()
    }
    const soon = (fn: () => void) => void clock.after(0, fn)
    const { publish } = createBatcher({ ...limits, queue, clock, deadlineMs: limits.publishDeadlineMs, soon })
    const ready = async () => {}
    this.ingest = createIngest({ routes, publish, ready, clock, crashPoint })
    const { signal } = this.#end
    const processor = startProcessor({ ...limits, queue, ledger, effect, clock, random, signal, crashPoint })
    this.counts = processor.counts
  }

  get ended(): boolean {
    return this.#end.signal.aborted
  }

  /** A crash. Twice is fine. */
  end(): void {
    this.#end.abort()
  }

  /** Calls `fn` when this life ends. Returns what takes that back. */
  onEnd(fn: () => void): () => void {
    const { signal } = this.#end
    signal.addEventListener('abort', fn, { once: true })
    return () => signal.removeEventListener('abort', fn)
  }

  /** The way to a server or back. Never resolves once this life has ended. */
  async #travel(): Promise<void> {
    const { clock, random } = this.#options
    await sleep(clock, random() * CALL_MS)
    if (this.ended) await new Promise(() => {})
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    await this.#travel()
    try {
      return await call()
    } finally {
      await this.#travel()
    }
  }

  #queue(): Queue {
    const { queue, strikes, clock, random } = this.#options
    return {
      traits: queue.traits,
      publish: (events, options) =>
        this.#call(async () => {
          const unsafe = events.map((_, position) => position)
          const failed = (definite: boolean) => new PublishError('unavailable', 'simulated', { unsafe, definite })
          if (strikes('callsFailed')) throw failed(true)
          await queue.publish(events, options)
          const again = events.filter(() => strikes('duplicates'))
          if (again.length > 0) clock.after(random() * AGAIN_MS, () => void queue.publish(again, options))
          if (strikes('callsFailed')) throw failed(false)
        }),
      consume: (handle, options) =>
        queue.consume(async (batch) => {
          try {
            return await handle(batch)
          } finally {
            await this.#travel()
          }
        }, options),
      depth: () => queue.depth(),
      close: async () => {},
    }
  }

  #ledger(): Ledger {
    const { ledger, strikes } = this.#options
    const failed = (definite: boolean) => new FloodmarkError('unavailable', 'simulated', { definite })
    return {
      traits: ledger.traits,
      claim: (events, leaseMs) =>
        this.#call(async () => {
          if (strikes('callsFailed')) throw failed(true)
          return ledger.claim(events, leaseMs)
        }),
      settle: (settlements) =>
        this.#call(async () => {
          if (strikes('callsFailed')) {
            // As the contract says: what could not be stored gives its claims back.
            await ledger.settle(settlements.map(({ event, fence }) => ({ event, fence, result: 'released' })))
            throw failed(true)
          }
          const settled = await ledger.settle(settlements)
          if (strikes('callsFailed')) throw failed(false)
          return settled
        }),
      buried: () => ledger.buried(),
      exhume: (id) => ledger.exhume(id),
      forget: (id) => ledger.forget(id),
      read: (name) => ledger.read(name),
      scan: (prefix) => ledger.scan(prefix),
      items: (prefix) => ledger.items(prefix),
      close: async () => {},
    }
  }
}
