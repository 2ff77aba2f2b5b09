import type { Clock } from '../contracts/clock.ts'
import type { WebhookEvent } from '../contracts/event.ts'
import type { ConsumeOptions, Delivery, Depth, Handler, Verdict } from '../contracts/queue.ts'
import { Dispatcher, FAILED_RETRY_MS, type Part, PER_LANE_MAX, type Source } from './dispatcher.ts'

/** One waiting event, as its queue knows it. `load` gives the event, from memory or from disk. */
export interface Waiting {
  /** See laneOf. */
  readonly lane: string
  readonly sinceMs: number
  /** As the codec counts them. */
  readonly bytes: number
  load(): WebhookEvent
}

interface Lane<T extends Waiting> {
  readonly name: string
  /** First in, first out; `head` is the position of the first that is not acked. */
  items: T[]
  head: number
  state: 'ready' | 'running' | 'held' | 'gone'
  /** Raised whenever a batch is taken or its lease ends: a verdict of an older turn is late. */
  turn: number
  /** Set while the lane is to go as soon as its handler gives it back. */
  withdrawn?: () => void
}

/** What parts do with their lanes, the same for all of them: functions for each would cost as much as a part. */
interface PartOwner<T extends Waiting> {
  settle(lane: Lane<T>, items: readonly T[], verdicts: readonly Verdict[]): void
  giveBack(lane: Lane<T>, events: number, holdMs: number): void
}

class LanePart<T extends Waiting> implements Part {
  readonly bytes: number
  readonly #owner: PartOwner<T>
  readonly #lane: Lane<T>
  readonly #items: readonly T[]
  readonly #turn: number

  constructor(owner: PartOwner<T>, lane: Lane<T>, items: readonly T[], bytes: number) {
    this.#owner = owner
    this.#lane = lane
    this.#items = items
    this.bytes = bytes
    this.#turn = ++lane.turn
  }

  get events(): number {
    return this.#items.length
  }

  load(): readonly Delivery[] {
    return this.#items.map((item) => ({ event: item.load(), count: undefined }))
  }

  settle(verdicts: readonly Verdict[]): void {
    if (this.#lane.turn === this.#turn) this.#owner.settle(this.#lane, this.#items, verdicts)
  }

  lapse(): void {
    if (this.#lane.turn === this.#turn) this.#owner.giveBack(this.#lane, this.#items.length, 0)
  }
}

/**
 * Delivery in one process: a lane per ordering key. A lane is ready, running (in one handler call) or held (a retry
 * waits), and delays nobody but itself. O(1) an event.
 */
export class Lanes<T extends Waiting> implements Source {
  readonly #clock: Clock
  readonly #onAck: (item: T) => void
  readonly #lanes = new Map<string, Lane<T>>()
  #ready: Lane<T>[] = []
  #readyHead = 0
  #readyEvents = 0
  #waiting = 0
  #inFlight = 0
  readonly #dispatcher: Dispatcher
  readonly #owner: PartOwner<T> = {
    settle: (lane, items, verdicts) => this.#settle(lane, items, verdicts),
    giveBack: (lane, events, holdMs) => this.#giveBack(lane, events, holdMs),
  }

  constructor(clock: Clock, onAck: (item: T) => void) {
    this.#clock = clock
    this.#onAck = onAck
    this.#dispatcher = new Dispatcher(clock, this)
  }

  add(item: T): void {
    this.#waiting++
    const lane = this.#lanes.get(item.lane)
    if (lane) {
      lane.items.push(item)
      if (lane.state === 'ready') this.#addReady(1)
      return
    }
    const fresh: Lane<T> = { name: item.lane, items: [item], head: 0, state: 'ready', turn: 0 }
    this.#lanes.set(item.lane, fresh)
    this.#setReady(fresh)
  }

  /**
   * Hands lanes over to another consumer. Waiting items are dropped at once, items in a handler's hands once its
   * verdicts or its lease are in. Resolves when all are out. Nothing of these lanes may be added meanwhile. `matches` is
   * asked of one item of each lane.
   */
  async withdraw(matches: (item: T) => boolean): Promise<void> {
    const running: Promise<void>[] = []
    for (const lane of this.#lanes.values()) {
      if (!matches(lane.items[lane.head]!)) continue
      if (lane.state !== 'running') this.#remove(lane)
      else running.push(new Promise((resolve) => (lane.withdrawn = resolve)))
    }
    await Promise.all(running)
  }

  #remove(lane: Lane<T>): void {
    this.#waiting -= lane.items.length - lane.head
    if (lane.state === 'ready') this.#readyEvents -= lane.items.length - lane.head
    lane.state = 'gone'
    this.#lanes.delete(lane.name)
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

  get readyEvents(): number {
    return this.#readyEvents
  }

  consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    return this.#dispatcher.consume(handle, options)
  }

  take(eventsMax: number, bytesMax: number): Part[] {
    const parts: Part[] = []
    let [room, roomBytes] = [eventsMax, bytesMax]
    for (; room > 0 && this.#readyHead < this.#ready.length; this.#readyHead++) {
      const lane = this.#ready[this.#readyHead]!
      if (lane.state === 'gone') continue
      const { items, head } = lane
      const last = Math.min(items.length, head + Math.min(room, PER_LANE_MAX))
      let [end, bytes] = [head, 0]
      while (end < last && (bytes + items[end]!.bytes <= roomBytes || (end === head && parts.length === 0))) {
        bytes += items[end++]!.bytes
      }
      // It stays the first in line.
      if (end === head) break
      this.#readyEvents -= items.length - head
      room -= end - head
      roomBytes -= bytes
      lane.state = 'running'
      parts.push(new LanePart(this.#owner, lane, items.slice(head, end), bytes))
      this.#inFlight += end - head
    }
    if (this.#readyHead === this.#ready.length || this.#readyHead > 1_024) {
      this.#ready = this.#ready.slice(this.#readyHead)
      this.#readyHead = 0
    }
    return parts
  }

  #settle(lane: Lane<T>, items: readonly T[], verdicts: readonly Verdict[]): void {
    const firstRetry = verdicts.findIndex((verdict) => verdict !== 'ack')
    // An ack behind a retry of its key would break the order: such a lane comes again as a whole.
    const broken = firstRetry !== -1 && verdicts.slice(firstRetry).includes('ack')
    const acked = broken ? 0 : firstRetry === -1 ? items.length : firstRetry
    for (let at = 0; at < acked; at++) this.#onAck(items[at]!)
    lane.head += acked
    this.#waiting -= acked
    const retry = verdicts[firstRetry]
    const holdMs = broken ? FAILED_RETRY_MS : retry && retry !== 'ack' ? retry.retryInMs : 0
    this.#giveBack(lane, items.length, holdMs)
  }

  /** The lane is no longer in a handler's hands; it may go on after `holdMs`. */
  #giveBack(lane: Lane<T>, events: number, holdMs: number): void {
    lane.turn++
    this.#inFlight -= events
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
  }

  #addReady(events: number): void {
    this.#readyEvents += events
    this.#dispatcher.wake()
  }
}
