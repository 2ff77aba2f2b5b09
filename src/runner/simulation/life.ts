import { type Clock, sleep } from '../../core/contracts/clock.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Incoming } from '../../core/contracts/incoming.ts'
import type { Effect, Ledger } from '../../core/contracts/ledger.ts'
import type { Route } from '../../core/contracts/provider.ts'
import { type Handler, PublishError, type Queue } from '../../core/contracts/queue.ts'
import type { Random } from '../../core/contracts/random.ts'
import type { Ingest } from '../../core/contracts/receiver.ts'
import type { Reply } from '../../core/contracts/reply.ts'
import { type ProcessorCounts, startProcessor } from '../../core/processing/processor.ts'
import { createBatcher } from '../../core/receiving/batcher.ts'
import { createIngest } from '../../core/receiving/ingest.ts'
import type { ServiceLimits } from '../../core/service/service.ts'
import { throttle } from '../testbed/throttle.ts'
import type { Strikes } from './troubles.ts'
import type { LinkName, Way, Wrong } from './wrong.ts'

/** A call of queue or ledger takes up to this long each way, ms. */
const CALL_MS = 4
/** A call that nobody answers is given up after this long, ms. */
const CALL_MAX_MS = 5_000
/** The queue delivers an event once more within this time, ms. */
const AGAIN_MS = 5_000

export interface LifeOptions {
  readonly queue: Queue
  readonly ledger: Ledger
  readonly effect: Effect
  readonly routes: readonly Route[]
  readonly limits: ServiceLimits
  /** The process's own, which a fault may hold up or put wrong. */
  readonly clock: Clock
  readonly random: Random
  readonly strikes: Strikes
  readonly wrong: Wrong
}

type Failed = (definite: boolean) => FloodmarkError

/**
 * One life of a service, from its start to its crash: the ingest, batcher and processor that every service has. Queue and
 * ledger outlive it. When it has ended none of its calls settles any more: nobody is there to hear of it.
 */
export class Life {
  readonly ingest: Ingest
  readonly counts: Readonly<ProcessorCounts>
  readonly #options: LifeOptions
  readonly #end = new AbortController()
  readonly #stop = new AbortController()
  readonly #processed: Promise<void>
  #requests = 0

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
    const signal = AbortSignal.any([this.#end.signal, this.#stop.signal])
    const processor = startProcessor({ ...limits, queue, ledger, effect, clock, random, signal, crashPoint })
    this.counts = processor.counts
    this.#processed = processor.done
  }

  get ended(): boolean {
    return this.#end.signal.aborted
  }

  /** A crash. Twice is fine. */
  end(): void {
    this.#end.abort()
  }

  /** An end in order: whoever calls it sends no more requests. */
  async stop(): Promise<void> {
    const { clock } = this.#options
    this.#stop.abort()
    await this.#processed
    while (this.#requests > 0 && !this.ended) await sleep(clock, CALL_MS)
    // The last answers leave before their connections close.
    await sleep(clock, CALL_MS)
    this.end()
  }

  /** Answers a request as soon as the process can; never once it has ended. */
  handle(request: Omit<Incoming, 'receivedAtMs'>): Promise<Reply> {
    const { wrong, clock } = this.#options
    this.#requests++
    const { promise, resolve } = Promise.withResolvers<Reply>()
    wrong.frozen.pass(() => resolve(this.ingest.handle({ ...request, receivedAtMs: clock.now() })))
    return promise.finally(() => this.#requests--)
  }

  /** Calls `fn` when this life ends. Returns what takes that back. */
  onEnd(fn: () => void): () => void {
    const { signal } = this.#end
    signal.addEventListener('abort', fn, { once: true })
    return () => signal.removeEventListener('abort', fn)
  }

  /** One way between this process and a server. Never resolves once this life has ended. */
  async #travel(way: Way): Promise<void> {
    const { clock, random } = this.#options
    await sleep(clock, random() * CALL_MS + way.extraMs(random))
    if (way.hangs.raised) await new Promise<void>((resolve) => way.hangs.pass(resolve))
    if (this.ended) await new Promise(() => {})
  }

  /** A call to a server and back, in time or not at all. What is given up may still be carried out. */
  #call<T>(link: LinkName, failed: Failed, call: () => Promise<T>, maxMs = CALL_MAX_MS): Promise<T> {
    const { wrong, clock } = this.#options
    const way = wrong.ways[link]
    const going = async () => {
      await this.#travel(way)
      if (way.refused > 0) throw failed(true)
      if (way.requestsVanish > 0) await new Promise(() => {})
      const [done] = await Promise.allSettled([call()])
      await this.#travel(way)
      if (way.repliesVanish > 0) await new Promise(() => {})
      if (way.refused > 0) throw failed(false)
      if (done.status === 'rejected') throw done.reason
      return done.value
    }
    return new Promise((resolve, reject) => {
      const cancel = clock.after(maxMs, () => reject(failed(false)))
      going().then(resolve, reject).finally(cancel)
    })
  }

  #queue(): Queue {
    const { queue, strikes, clock, random, wrong } = this.#options
    const admit = throttle(() => wrong.throttlePerS, clock)
    return {
      traits: queue.traits,
      publish: async (events, options) => {
        const unsafe = events.map((_, position) => position)
        const failed: Failed = (definite) => new PublishError('unavailable', 'simulated', { unsafe, definite })
        const publish = async () => {
          if (wrong.disksFull > 0 || strikes('callsFailed')) throw failed(true)
          if (wrong.syncMs > 0) await sleep(clock, wrong.syncMs)
          if (this.ended) await new Promise(() => {})
          await queue.publish(events, options)
          const again = events.filter(() => strikes('duplicates'))
          if (again.length > 0) clock.after(random() * AGAIN_MS, () => void queue.publish(again, options))
          if (strikes('callsFailed')) throw failed(false)
        }
        const leftMs = await admit(events.length, options.deadlineMs)
        return this.#call('queue-link', failed, publish, leftMs)
      },
      consume: (handle, options) => queue.consume((batch) => this.#deliver(handle, batch), options),
      depth: () => queue.depth(),
      close: async () => {},
    }
  }

  /** What the queue hands out reaches the process, and its verdicts the queue; what does not comes again. */
  async #deliver(handle: Handler, batch: Parameters<Handler>[0]): ReturnType<Handler> {
    const way = this.#options.wrong.ways['queue-link']
    await this.#travel(way)
    // Deliveries are what a queue sends of itself: they are lost as replies are, verdicts as requests.
    if (way.refused + way.repliesVanish > 0) throw new FloodmarkError('unavailable', 'simulated')
    const [done] = await Promise.allSettled([handle(batch)])
    await this.#travel(way)
    if (way.refused + way.requestsVanish > 0) throw new FloodmarkError('unavailable', 'simulated')
    if (done.status === 'rejected') throw done.reason
    return done.value
  }

  #ledger(): Ledger {
    const { ledger, strikes, wrong } = this.#options
    const failed: Failed = (definite) => new FloodmarkError('unavailable', 'simulated', { definite })
    return {
      traits: ledger.traits,
      claim: (events, leaseMs) =>
        this.#call('ledger-link', failed, async () => {
          if (strikes('callsFailed')) throw failed(true)
          return ledger.claim(events, leaseMs)
        }),
      settle: (settlements) =>
        this.#call('ledger-link', failed, async () => {
          if (wrong.disksFull > 0 || strikes('callsFailed')) {
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
