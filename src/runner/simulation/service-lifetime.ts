import { within } from '../../core/base/within.ts'
import { type Clock, sleep } from '../../core/contracts/clock.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { WebhookEvent } from '../../core/contracts/event.ts'
import type { Incoming } from '../../core/contracts/incoming.ts'
import type { Effect, Ledger } from '../../core/contracts/ledger.ts'
import type { Route } from '../../core/contracts/provider.ts'
import { type Handler, PublishError, type Queue, type Tell } from '../../core/contracts/queue.ts'
import type { Random } from '../../core/contracts/random.ts'
import type { Ingest } from '../../core/contracts/receiver.ts'
import type { Reply } from '../../core/contracts/reply.ts'
import { startProcessor } from '../../core/processing/processor.ts'
import type { ProcessorState } from '../../core/processing/processor-counts.ts'
import { createBatcher } from '../../core/receiving/batcher.ts'
import { createIngest } from '../../core/receiving/ingest.ts'
import type { ServiceLimits } from '../../core/service/limits.ts'
import type { LinkPart } from '../faults/planned-fault.ts'
import type { SimulatedConditions, SimulatedLink } from './conditions.ts'
import type { Fails } from './failure-rates.ts'

/** A call of queue or ledger takes up to so many ms each way. */
const CALL_MS = 4
/** A call that nobody answers is given up after so many ms. */
const CALL_MAX_MS = 5_000
/** The queue delivers an event once more within so many ms. */
const AGAIN_MS = 5_000

export interface LifetimeOptions {
  readonly queue: Queue
  readonly ledger: Ledger
  readonly effect: Effect
  /** Whether an event's effect ends the process. */
  readonly isLethal: (event: WebhookEvent) => boolean
  readonly routes: readonly Route[]
  readonly limits: ServiceLimits
  /** The process's own, which faults may stop or put wrong. */
  readonly clock: Clock
  readonly random: Random
  readonly fails: Fails
  readonly conditions: SimulatedConditions
  /** For bugs of the processor, and of what receives. Default: the real ones. */
  readonly start?: typeof startProcessor
  readonly receive?: typeof createIngest
}

type Failed = (definite: boolean) => FloodmarkError

/**
 * A service from its start to its end: the ingest, batcher and processor that every service has. Queue and ledger outlive it.
 *
 * How a simulated call of queue or ledger can end: it returns what the server says; it fails, and has certainly done nothing, or
 * may have; or it never settles. No call settles once the service has ended, since nobody is there to hear of it. Where a link
 * drops requests or replies, the call waits until its own time limit.
 */
export class ServiceLifetime {
  readonly ingest: Ingest
  readonly counts: Readonly<ProcessorState>
  readonly #options: LifetimeOptions
  readonly #end = new AbortController()
  readonly #stop = new AbortController()
  readonly #processed: Promise<void>
  #requests = 0

  constructor(options: LifetimeOptions) {
    this.#options = options
    const { limits, clock, random, routes, fails, start = startProcessor, receive = createIngest } = options
    const queue = this.#queue()
    const ledger = this.#ledger()
    const effect = this.#effect()
    const crashPoint = () => {
      if (fails('crashPoints')) this.end()
    }
    const soon = (fn: () => void) => void clock.after(0, fn)
    const { publish } = createBatcher({ ...limits, queue, clock, deadlineMs: limits.publishDeadlineMs, soon })
    const ready = async () => {}
    this.ingest = receive({ routes, publish, ready, clock, crashPoint })
    const signal = AbortSignal.any([this.#end.signal, this.#stop.signal])
    const processor = start({ ...limits, queue, ledger, effect, clock, random, signal, crashPoint })
    this.counts = processor.counts
    this.#processed = processor.done
  }

  get ended(): boolean {
    return this.#end.signal.aborted
  }

  /** Ends it at once, as a crash does. Twice is fine. */
  end(): void {
    this.#end.abort()
  }

  /** Ends it in order. The caller sends it no more requests. */
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
    const { conditions, clock } = this.#options
    this.#requests++
    const { promise, resolve } = Promise.withResolvers<Reply>()
    conditions.frozen.pass(() => resolve(this.ingest.handle({ ...request, receivedAtMs: clock.now() })))
    return promise.finally(() => this.#requests--)
  }

  /** Calls `fn` when it ends. Returns a function that cancels this. */
  onEnd(fn: () => void): () => void {
    const { signal } = this.#end
    signal.addEventListener('abort', fn, { once: true })
    return () => signal.removeEventListener('abort', fn)
  }

  /** One direction between this process and a server. Never resolves once the service has ended. */
  async #travel(link: SimulatedLink): Promise<void> {
    const { clock, random } = this.#options
    await sleep(clock, random() * CALL_MS + link.extraMs(random))
    if (link.hanging.raised) await new Promise<void>((resolve) => link.hanging.pass(resolve))
    if (this.ended) await new Promise(() => {})
  }

  /** A call to a server and back, in time or not at all. A call that was given up may still be carried out. */
  #call<T>(to: LinkPart, failed: Failed, call: () => Promise<T>, maxMs = CALL_MAX_MS): Promise<T> {
    const { conditions, clock } = this.#options
    const link = conditions.links[to]
    const going = async () => {
      await this.#travel(link)
      if (link.refused > 0) throw failed(true)
      if (link.requestsDropped > 0) await new Promise(() => {})
      const [done] = await Promise.allSettled([call()])
      await this.#travel(link)
      if (link.repliesDropped > 0) await new Promise(() => {})
      if (link.refused > 0) throw failed(false)
      if (done.status === 'rejected') throw done.reason
      return done.value
    }
    return within(maxMs, clock, going(), () => failed(false))
  }

  #queue(): Queue {
    const { queue, conditions } = this.#options
    const publishing = conditions.publishes.around((events, options) => this.#publish(events, options))
    return {
      traits: queue.traits,
      publish: (events, options) => publishing.top(events, options),
      consume: (handle, options) => queue.consume((batch, tell) => this.#deliver(handle, batch, tell), options),
      probe: () => queue.probe(),
      depth: () => queue.depth(),
      close: async () => {},
    }
  }

  #publish: Queue['publish'] = (events, options) => {
    const { queue, fails, clock, random, conditions } = this.#options
    const failed: Failed = (definite) => PublishError.all(events, 'unavailable', 'simulated', { definite })
    const publish = async () => {
      if (conditions.disksFull > 0 || fails('callsFailed')) throw failed(true)
      if (conditions.syncMs > 0) await sleep(clock, conditions.syncMs)
      if (this.ended) await new Promise(() => {})
      await queue.publish(events, options)
      const again = events.filter(() => fails('duplicates'))
      if (again.length > 0) clock.after(random() * AGAIN_MS, () => void queue.publish(again, options))
      if (fails('callsFailed')) throw failed(false)
    }
    return this.#call('queue-link', failed, publish, options.deadlineMs)
  }

  #effect(): Effect {
    const { effect, conditions, isLethal } = this.#options
    const layered = conditions.effects.around(effect)
    return (event, tx) => {
      if (!isLethal(event)) return layered.top(event, tx)
      this.end()
      return new Promise(() => {})
    }
  }

  /** Carries deliveries to the process and verdicts to the queue. Deliveries that get lost come again. */
  async #deliver(handle: Handler, ...[batch, tell]: Parameters<Handler>): ReturnType<Handler> {
    const link = this.#options.conditions.links['queue-link']
    await this.#travel(link)
    // A queue sends deliveries by itself: they are lost as replies are, and verdicts as requests are.
    if (link.refused + link.repliesDropped > 0) throw new FloodmarkError('unavailable', 'simulated')
    const tellInTime: Tell = async (position, verdict) => {
      await this.#travel(link)
      if (link.refused + link.requestsDropped === 0) tell(position, verdict)
    }
    const [done] = await Promise.allSettled([handle(batch, tellInTime)])
    await this.#travel(link)
    if (link.refused + link.requestsDropped > 0) throw new FloodmarkError('unavailable', 'simulated')
    if (done.status === 'rejected') throw done.reason
    return done.value
  }

  #ledger(): Ledger {
    const { ledger, fails, conditions } = this.#options
    const failed: Failed = (definite) => new FloodmarkError('unavailable', 'simulated', { definite })
    const isFull = () => conditions.disksFull + conditions.settlementsRefused > 0
    return {
      traits: ledger.traits,
      claim: (events, leaseMs) =>
        this.#call('ledger-link', failed, async () => {
          if (fails('callsFailed')) throw failed(true)
          return ledger.claim(events, leaseMs)
        }),
      claimAlone: (event, leaseMs) =>
        this.#call('ledger-link', failed, async () => {
          if (fails('callsFailed')) throw failed(true)
          return ledger.claimAlone(event, leaseMs)
        }),
      settle: (settlements) =>
        this.#call('ledger-link', failed, async () => {
          if (isFull() || fails('callsFailed')) {
            // As the contract says: what could not be stored gives its claims back.
            await ledger.settle(settlements.map(({ event, fence }) => ({ event, fence, result: 'released' })))
            throw failed(true)
          }
          const settled = await ledger.settle(settlements)
          if (fails('callsFailed')) throw failed(false)
          return settled
        }),
      probe: () =>
        this.#call('ledger-link', failed, async () => {
          if (isFull() || fails('callsFailed')) throw failed(true)
        }),
      buried: () => ledger.buried(),
      exhume: (id) => ledger.exhume(id),
      forget: (id) => ledger.forget(id),
      keepCopy: (event) => ledger.keepCopy(event),
      keptCopies: () => ledger.keptCopies(),
      read: (name) => ledger.read(name),
      scan: (prefix) => ledger.scan(prefix),
      items: (prefix) => ledger.items(prefix),
      close: async () => {},
    }
  }
}
