import { shareOfHeap } from '../base/memory.ts'
import { WakeUps } from '../base/wake-ups.ts'
import { type Clock, sleep } from '../contracts/clock.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { ConsumeOptions, Delivery, Handler, Verdict } from '../contracts/queue.ts'

/** Events of one lane that are in a handler's hands together, and come back together. */
export interface Part {
  readonly events: number
  /** As the codec counts them. */
  readonly bytes: number
  /** @throws FloodmarkError 'corrupt' where stored bytes are no event: the part comes again, the rest of its batch goes on. */
  load(): readonly Delivery[]
  /** One verdict a delivery, in order. The part is in hand until what this returns has settled; it must not reject. */
  settle(verdicts: readonly Verdict[]): void | Promise<void>
  /** The lease is over. Later verdicts are not told. */
  lapse(): void
}

/** What waits for a handler, in lanes. */
export interface Source {
  /** Events that could be handed out now. */
  readonly readyEvents: number
  /** Takes parts of at most so many events and bytes together. The first event is taken whatever its size. */
  take(eventsMax: number, bytesMax: number): readonly Part[] | Promise<readonly Part[]>
}

/** One lane fills at most this many places of a batch, so that a hot one leaves room for others. */
export const PER_LANE_MAX = 64
/**
 * A batch gathers for at most so many ms while another is being handled. Most of what a batch costs, a commit and its
 * sync, it costs once. An event that comes when nothing is being handled never waits.
 */
const GATHER_MS = 10
/** A batch has so many bytes, unless its consumer says otherwise. An effect may parse a body into ten times its bytes of heap. */
export const BATCH_BYTES_MAX = shareOfHeap(1 / 32, 32 * 1024 * 1024)
/** After a handler failed, its events come again after so many ms. */
export const FAILED_RETRY_MS = 100

/** A part in a handler's hands. */
interface InHand {
  readonly part: Part
  readonly verdicts: (Verdict | undefined)[]
  /** Verdicts to come; 0 also once the lease is over. */
  left: number
}

/** Hands what is ready to handlers, in batches. Each part goes back as soon as its own verdicts are in. */
export class Dispatcher {
  readonly #clock: Clock
  readonly #source: Source
  readonly #wakeUps = new WakeUps()
  /** Batches that gather: each ends as soon as it may be full. */
  readonly #gathering = new Set<{ readonly isFull: () => boolean; readonly end: () => void }>()
  #inHand = 0
  #inHandBytes = 0

  constructor(clock: Clock, source: Source) {
    this.#clock = clock
    this.#source = source
  }

  /** Events in handlers' hands. */
  get inHand(): number {
    return this.#inHand
  }

  /** To be called when more is ready, or when the source gives out events again. */
  wake(): void {
    for (const gathering of this.#gathering) if (gathering.isFull()) gathering.end()
    this.#wakeUps.wake()
  }

  /** Resolves at the next wake(), when a part has gone back, or when the signal aborts. */
  change(signal: AbortSignal): Promise<void> {
    return this.#wakeUps.next(signal)
  }

  /** As Queue.consume. */
  async consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    const { batchEventsMax, batchBytesMax = BATCH_BYTES_MAX, handlersMax, leaseMs, signal } = options
    const running = new Set<Promise<void>>()
    const room = () => batchEventsMax * handlersMax - this.#inHand
    const roomBytes = () => batchBytesMax * handlersMax - this.#inHandBytes
    const isFull = () => Math.min(room(), this.#source.readyEvents) >= batchEventsMax
    while (!signal.aborted) {
      if (room() <= 0 || roomBytes() <= 0 || this.#source.readyEvents === 0) {
        await this.#wakeUps.next(signal)
        continue
      }
      if (this.#inHand > 0) await this.#gather(isFull, signal)
      if (signal.aborted) break
      const parts = await this.#source.take(Math.min(room(), batchEventsMax), Math.min(roomBytes(), batchBytesMax))
      if (parts.length === 0) {
        await this.#wakeUps.next(signal)
        continue
      }
      for (const { events, bytes } of parts) {
        this.#inHand += events
        this.#inHandBytes += bytes
      }
      const handling = this.#handle(handle, parts, leaseMs).finally(() => running.delete(handling))
      running.add(handling)
    }
    await Promise.all(running)
  }

  /** Resolves when a whole batch is ready and may be handed out, or after GATHER_MS, or when the signal aborts. */
  async #gather(isFull: () => boolean, signal: AbortSignal): Promise<void> {
    if (isFull()) return
    const over = new AbortController()
    const gathering = { isFull, end: () => over.abort() }
    this.#gathering.add(gathering)
    signal.addEventListener('abort', gathering.end, { once: true })
    await sleep(this.#clock, GATHER_MS, over.signal)
    signal.removeEventListener('abort', gathering.end)
    this.#gathering.delete(gathering)
  }

  async #handle(handle: Handler, parts: readonly Part[], leaseMs: number): Promise<void> {
    const batch: InHand[] = []
    /** The part of each delivery, and its place there. */
    const owners: InHand[] = []
    const places: number[] = []
    const deliveries: Delivery[] = []
    const settling: Promise<void>[] = []
    for (const part of parts) {
      const inHand: InHand = { part, verdicts: new Array(part.events), left: part.events }
      batch.push(inHand)
      try {
        const loaded = part.load()
        for (let place = 0; place < loaded.length; place++) {
          deliveries.push(loaded[place]!)
          owners.push(inHand)
          places.push(place)
        }
      } catch {
        this.#settle(inHand, settling)
      }
    }
    const lapse = this.#clock.after(leaseMs, () => {
      for (const inHand of batch) this.#lapse(inHand)
    })
    const tell = (position: number, verdict: Verdict) => {
      const owner = owners[position]!
      const place = places[position]!
      if (owner.left === 0 || owner.verdicts[place] !== undefined) return
      owner.verdicts[place] = verdict
      if (--owner.left === 0) this.#settle(owner, settling)
    }
    try {
      const verdicts = deliveries.length === 0 ? [] : await handle(deliveries, tell)
      checkVerdicts(verdicts, deliveries)
      for (let position = 0; position < verdicts.length; position++) tell(position, verdicts[position]!)
    } catch {
      for (const inHand of batch) if (inHand.left > 0) this.#settle(inHand, settling)
    }
    lapse()
    await Promise.all(settling)
  }

  /** Deliveries without a verdict come again soon. */
  #settle(inHand: InHand, settling: Promise<void>[]): void {
    const { part, verdicts } = inHand
    inHand.left = 0
    for (let place = 0; place < part.events; place++) verdicts[place] ??= { retryInMs: FAILED_RETRY_MS }
    const settled = part.settle(verdicts as Verdict[])
    if (settled) settling.push(settled.finally(() => this.#goneBack(part)))
    else this.#goneBack(part)
  }

  #lapse(inHand: InHand): void {
    if (inHand.left === 0) return
    inHand.left = 0
    inHand.part.lapse()
    this.#goneBack(inHand.part)
  }

  #goneBack({ events, bytes }: Part): void {
    this.#inHand -= events
    this.#inHandBytes -= bytes
    this.wake()
  }
}

/** @throws FloodmarkError 'misuse' where a handler did not judge each delivery. */
function checkVerdicts(verdicts: readonly Verdict[], deliveries: readonly Delivery[]): void {
  if (verdicts.length === deliveries.length) return
  throw new FloodmarkError('misuse', `${verdicts.length} verdicts for ${deliveries.length} deliveries: give one each`)
}
