import { WakeUps } from '../base/wake-ups.ts'
import { type Clock, sleep } from '../contracts/clock.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { ConsumeOptions, Delivery, Handler, Verdict } from '../contracts/queue.ts'

/** Events of one lane that are in a handler's hands together, and come back together. */
export interface Part {
  /** @throws FloodmarkError 'corrupt' where stored bytes are no event. */
  load(): readonly Delivery[]
  /** One verdict a delivery, in order. The part counts as in hand until what it returns has settled; it must not reject. */
  settle(verdicts: readonly Verdict[]): void | Promise<void>
  /** There are no verdicts: the handler failed, or the lease is over. */
  giveBack(why: 'failed' | 'lease over'): void | Promise<void>
}

/** What waits for a handler, in lanes. */
export interface Source {
  /** Events that could be handed out now. */
  readonly readyEvents: number
  /** Takes parts of at most so many events together. */
  take(eventsMax: number): readonly Part[] | Promise<readonly Part[]>
}

/** One lane fills at most this many places of a batch, so that a hot one leaves room for others. */
export const PER_LANE_MAX = 64
/**
 * How long a batch gathers, at most, while another is being handled, ms. Most of what a batch costs, a commit and its
 * sync, it costs once. An event that comes when nothing is being handled never waits.
 */
const GATHER_MS = 10
/** What a handler failed on comes again after this long, ms. */
export const FAILED_RETRY_MS = 100

/** Hands what is ready to handlers, in batches, and gives back what becomes of it. */
export class Dispatcher {
  readonly #clock: Clock
  readonly #source: Source
  readonly #wakeUps = new WakeUps()
  /** Batches that gather: each ends as soon as so many events are ready. */
  readonly #gathering = new Set<{ readonly events: number; readonly end: () => void }>()
  #calls = 0

  constructor(clock: Clock, source: Source) {
    this.#clock = clock
    this.#source = source
  }

  /** Handler calls under way. */
  get calls(): number {
    return this.#calls
  }

  /** To be called when more is ready, or when the source gives out events again. */
  wake(): void {
    for (const gathering of this.#gathering) if (this.#source.readyEvents >= gathering.events) gathering.end()
    this.#wakeUps.wake()
  }

  /** Resolves at the next wake(), at the end of a handler call, or when the signal aborts. */
  change(signal: AbortSignal): Promise<void> {
    return this.#wakeUps.next(signal)
  }

  /** As Queue.consume. */
  async consume(handle: Handler, { batchEventsMax, handlersMax, leaseMs, signal }: ConsumeOptions): Promise<void> {
    const running = new Set<Promise<void>>()
    while (!signal.aborted) {
      if (running.size >= handlersMax || this.#source.readyEvents === 0) {
        await this.#wakeUps.next(signal)
        continue
      }
      if (running.size > 0) await this.#gather(batchEventsMax, signal)
      if (signal.aborted) break
      const parts = await this.#source.take(batchEventsMax)
      if (parts.length === 0) {
        await this.#wakeUps.next(signal)
        continue
      }
      this.#calls++
      const handling = this.#handle(handle, parts, leaseMs).finally(() => {
        running.delete(handling)
        this.#calls--
        this.#wakeUps.wake()
      })
      running.add(handling)
    }
    await Promise.all(running)
  }

  /** Resolves when a whole batch is ready, or after GATHER_MS, or when the signal aborts. */
  async #gather(events: number, signal: AbortSignal): Promise<void> {
    if (this.#source.readyEvents >= events) return
    const full = new AbortController()
    const gathering = { events, end: () => full.abort() }
    this.#gathering.add(gathering)
    signal.addEventListener('abort', gathering.end, { once: true })
    await sleep(this.#clock, GATHER_MS, full.signal)
    signal.removeEventListener('abort', gathering.end)
    this.#gathering.delete(gathering)
  }

  async #handle(handle: Handler, parts: readonly Part[], leaseMs: number): Promise<void> {
    const over = this.#clock.after(leaseMs, () => {
      for (const part of parts) void part.giveBack('lease over')
    })
    try {
      const loaded = parts.map((part) => part.load())
      const deliveries = loaded.flat()
      const verdicts = await handle(deliveries)
      checkVerdicts(verdicts, deliveries)
      let at = 0
      const settling: (void | Promise<void>)[] = []
      for (const [index, part] of parts.entries()) {
        const end = at + loaded[index]!.length
        settling.push(part.settle(verdicts.slice(at, end)))
        at = end
      }
      await Promise.all(settling)
    } catch {
      await Promise.all(parts.map((part) => part.giveBack('failed')))
    } finally {
      over()
    }
  }
}

/** @throws FloodmarkError 'misuse' where a handler did not judge each delivery. */
function checkVerdicts(verdicts: readonly Verdict[], deliveries: readonly Delivery[]): void {
  if (verdicts.length === deliveries.length) return
  throw new FloodmarkError('misuse', `${verdicts.length} verdicts for ${deliveries.length} deliveries: give one each`)
}
