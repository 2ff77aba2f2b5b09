import { WakeUps } from '../base/wake-ups.ts'
import { type Clock, sleep } from '../contracts/clock.ts'
import type { WebhookEvent } from '../contracts/event.ts'
import type { ConsumeOptions, Delivery, Depth, Handler, Verdict } from '../contracts/queue.ts'

/** One waiting event, as its queue knows it. `load` gives the event, from memory or from disk. */
export interface Waiting {
  readonly key: string
  readonly sinceMs: number
  load(): WebhookEvent
}

interface Lane<T extends Waiting> {
  readonly key: string
  /** First in, first out; `head` is the position of the first that is not acked. */
  items: T[]
  head: number
  state: 'ready' | 'running' | 'held' | 'gone'
  /** Raised whenever a batch is taken or its lease ends: a verdict of an older turn is late. */
  turn: number
  /** Set while the lane is to go as soon as its handler gives it back. */
  withdrawn?: () => void
}

interface Taken<T extends Waiting> {
  readonly lane: Lane<T>
  readonly turn: number
  readonly items: readonly T[]
}

/** One key fills at most this many places of a batch, so that a hot one leaves room for others. */
const PER_LANE_MAX = 64
/**
 * How long a batch gathers, at most, while another is being handled, ms. Most of what a batch costs, a commit and its
 * sync, it costs once. An event that comes when nothing is being handled never waits.
 */
const GATHER_MS = 10
/** A batch whose handler failed comes again after this long, ms. */
const FAILED_RETRY_MS = 100

/**
 * Delivery in one process: a lane per ordering key. A lane is ready, running (in one handler call) or held (a retry
 * waits), and delays nobody but itself. O(1) an event.
 */
export class Lanes<T extends Waiting> {
  readonly #clock: Clock
  readonly #onAck: (item: T) => void
  readonly #lanes = new Map<string, Lane<T>>()
  #ready: Lane<T>[] = []
  #readyHead = 0
  /** Events in ready lanes. */
  #readyEvents = 0
  #waiting = 0
  #inFlight = 0
  readonly #wakeUps = new WakeUps()
  /** Batches that gather: each ends as soon as so many events are ready. */
  readonly #gathering = new Set<{ readonly events: number; readonly end: () => void }>()

  constructor(clock: Clock, onAck: (item: T) => void) {
    this.#clock = clock
    this.#onAck = onAck
  }

  add(item: T): void {
    this.#waiting++
    const lane = this.#lanes.get(item.key)
    if (lane) {
      lane.items.push(item)
      if (lane.state === 'ready') this.#addReady(1)
      return
    }
    const fresh: Lane<T> = { key: item.key, items: [item], head: 0, state: 'ready', turn: 0 }
    this.#lanes.set(item.key, fresh)
    this.#setReady(fresh)
  }

  /**
   * Takes lanes out, for another consumer to deliver: what waits is forgotten now, what is in a handler's hands once its
   * verdicts or its lease are in. Resolves when all are out. Nothing of these keys may be added meanwhile.
   */
  async withdraw(matches: (key: string) => boolean): Promise<void> {
    const running: Promise<void>[] = []
    for (const lane of this.#lanes.values()) {
      if (!matches(lane.key)) continue
      if (lane.state !== 'running') this.#remove(lane)
      else running.push(new Promise((resolve) => (lane.withdrawn = resolve)))
    }
    await Promise.all(running)
  }

  #remove(lane: Lane<T>): void {
    this.#waiting -= lane.items.length - lane.head
    if (lane.state === 'ready') this.#readyEvents -= lane.items.length - lane.head
    lane.state = 'gone'
    this.#lanes.delete(lane.key)
  }

  depth(): Depth {
    let oldest: number | undefined
    for (const lane of this.#lanes.values()) {
      const since = lane.items[lane.head]!.sinceMs
      if (oldest === undefined || since < oldest) oldest = since
    }
    const oldestMs = oldest === undefined ? undefined : Math.max(0, this.#clock.now() - oldest)
    return { waiting: this.#waiting - this.#inFlight, inFlight: this.#inFlight, oldestMs, exact: true }
  }

  async consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    const running = new Set<Promise<void>>()
    while (!options.signal.aborted) {
      if (running.size >= options.handlersMax || this.#readyHead === this.#ready.length) {
        await this.#wakeUps.next(options.signal)
        continue
      }
      if (running.size > 0) await this.#gather(options)
      const taken = options.signal.aborted ? [] : this.#take(options.batchEventsMax)
      if (taken.length === 0) continue
      const handling = this.#handle(handle, taken, options.leaseMs).finally(() => {
        running.delete(handling)
        this.#wakeUps.wake()
      })
      running.add(handling)
    }
    await Promise.all(running)
  }

  /** Resolves when a whole batch is ready, or after GATHER_MS, or when the signal aborts. */
  async #gather({ batchEventsMax, signal }: ConsumeOptions): Promise<void> {
    if (this.#readyEvents >= batchEventsMax) return
    const full = new AbortController()
    const gathering = { events: batchEventsMax, end: () => full.abort() }
    this.#gathering.add(gathering)
    signal.addEventListener('abort', gathering.end, { once: true })
    await sleep(this.#clock, GATHER_MS, full.signal)
    signal.removeEventListener('abort', gathering.end)
    this.#gathering.delete(gathering)
  }

  #addReady(events: number): void {
    this.#readyEvents += events
    for (const gathering of this.#gathering) if (this.#readyEvents >= gathering.events) gathering.end()
  }

  #take(eventsMax: number): Taken<T>[] {
    const batch: Taken<T>[] = []
    for (let room = eventsMax; room > 0 && this.#readyHead < this.#ready.length; ) {
      const lane = this.#ready[this.#readyHead++]!
      if (lane.state === 'gone') continue
      this.#readyEvents -= lane.items.length - lane.head
      const items = lane.items.slice(lane.head, lane.head + Math.min(room, PER_LANE_MAX))
      room -= items.length
      lane.state = 'running'
      batch.push({ lane, turn: ++lane.turn, items })
      this.#inFlight += items.length
    }
    if (this.#readyHead === this.#ready.length || this.#readyHead > 1_024) {
      this.#ready = this.#ready.slice(this.#readyHead)
      this.#readyHead = 0
    }
    return batch
  }

  async #handle(handle: Handler, taken: readonly Taken<T>[], leaseMs: number): Promise<void> {
    const batch: Taken<T>[] = []
    const deliveries: Delivery[] = []
    for (const one of taken) {
      try {
        deliveries.push(...one.items.map((item): Delivery => ({ event: item.load(), count: undefined })))
        batch.push(one)
      } catch {
        // Its queue tells of it.
        this.#giveBack(one, FAILED_RETRY_MS)
      }
    }
    if (batch.length === 0) return
    const cancel = this.#clock.after(leaseMs, () => {
      for (const taken of batch) this.#giveBack(taken, 0)
    })
    try {
      const verdicts = await handle(deliveries)
      if (verdicts.length !== deliveries.length) throw new Error('one verdict a delivery is needed')
      let at = 0
      for (const taken of batch) {
        this.#settle(taken, verdicts.slice(at, at + taken.items.length))
        at += taken.items.length
      }
    } catch {
      for (const taken of batch) this.#giveBack(taken, FAILED_RETRY_MS)
    } finally {
      cancel()
    }
  }

  #settle(taken: Taken<T>, verdicts: readonly Verdict[]): void {
    const { lane, turn, items } = taken
    if (lane.turn !== turn) return
    const firstRetry = verdicts.findIndex((verdict) => verdict !== 'ack')
    // An ack behind a retry of its key would break the order: such a lane comes again as a whole.
    const broken = firstRetry !== -1 && verdicts.slice(firstRetry).includes('ack')
    const acked = broken ? 0 : firstRetry === -1 ? items.length : firstRetry
    for (const item of items.slice(0, acked)) this.#onAck(item)
    lane.head += acked
    this.#waiting -= acked
    const retry = verdicts[firstRetry]
    this.#giveBack(taken, broken ? FAILED_RETRY_MS : retry && retry !== 'ack' ? retry.retryInMs : 0)
  }

  /** The lane is no longer in a handler's hands; it may go on after `holdMs`. */
  #giveBack({ lane, turn, items }: Taken<T>, holdMs: number): void {
    if (lane.turn !== turn) return
    lane.turn++
    this.#inFlight -= items.length
    if (lane.withdrawn || lane.head === lane.items.length) {
      this.#remove(lane)
      lane.withdrawn?.()
      return
    }
    if (lane.head > lane.items.length / 2) {
      lane.items = lane.items.slice(lane.head)
      lane.head = 0
    }
    if (holdMs <= 0) return this.#setReady(lane)
    lane.state = 'held'
    this.#clock.after(holdMs, () => {
      if (lane.state === 'held') this.#setReady(lane)
    })
  }

  #setReady(lane: Lane<T>): void {
    lane.state = 'ready'
    this.#ready.push(lane)
    this.#addReady(lane.items.length - lane.head)
    this.#wakeUps.wake()
  }
}
