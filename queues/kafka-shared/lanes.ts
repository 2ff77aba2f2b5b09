import { eventOfRecord } from '../../src/core/base/codec.ts'
import { shareOfMemory } from '../../src/core/base/memory.ts'
import type { Clock } from '../../src/core/contracts/clock.ts'
import { laneOf } from '../../src/core/contracts/event.ts'
import type { ConsumeOptions, Delivery, Handler, Verdict } from '../../src/core/contracts/queue.ts'
import { Dispatcher, type Part, PER_LANE_MAX, type Source } from '../../src/core/processing/dispatcher.ts'

/** One record from a fetch: an event in the codec's bytes. */
export interface Arrived {
  readonly offset: number
  readonly value: Uint8Array
}

interface KafkaItem extends Arrived {
  acked: boolean
}

interface KafkaLane {
  readonly partition: number
  /** By offset. The first is not acked. */
  items: KafkaItem[]
  bytes: number
  inFlight: number
  /** The offset at which it began. */
  start: number
  /** The offset of the next fetch. */
  next: number
  committed: number
  state: 'idle' | 'ready' | 'running' | 'held'
  /** Raised whenever items are taken or given back: a verdict of an older turn is late. */
  turn: number
}

/** Stands for an offset that is not known before the first fetch. */
export const ANYWHERE = -1

/** A lane with so many events or bytes in memory is not fetched further. This pauses the partition. */
const LANE_EVENTS_MAX = 4_096
const LANE_BYTES_MAX = shareOfMemory(1 / 256, 2 * 1024 * 1024)

/**
 * The events that a consumer holds, one lane for each of its partitions. A lane is in at most one handler call at a time. A
 * retry holds its lane in memory: no later event is delivered, and its offset is not committed, so that the broker still has
 * the event when we die. A topic for delays would let later events of the key overtake it. It would also need a second
 * publish, which can fail between the two.
 */
export class PartitionLanes implements Source {
  readonly #clock: Clock
  /** Called when there may be more to commit. */
  onSettled = () => {}
  /** Set where a held lane goes on only with new records: the client pauses it, and fetches from `offset` after `holdMs`. */
  onHeld: ((partition: number, offset: number, holdMs: number) => void) | undefined
  readonly #lanes = new Map<number, KafkaLane>()
  #ready: KafkaLane[] = []
  #stopped = false
  readonly #dispatcher: Dispatcher

  constructor(clock: Clock) {
    this.#clock = clock
    this.#dispatcher = new Dispatcher(clock, this)
  }

  /**
   * Sets our partitions, with the offset to go on at (ANYWHERE: the first that is added). A partition that stays keeps
   * its state. Late verdicts on one that went are ignored.
   */
  assign(offsets: ReadonlyMap<number, number>): void {
    for (const [partition, lane] of this.#lanes) {
      if (offsets.has(partition)) continue
      lane.turn++
      this.#lanes.delete(partition)
    }
    this.#ready = this.#ready.filter((lane) => this.#lanes.get(lane.partition) === lane)
    for (const [partition, next] of offsets) {
      if (this.#lanes.has(partition)) continue
      const fresh = {
        partition,
        items: [],
        bytes: 0,
        inFlight: 0,
        start: next,
        next,
        committed: next,
        state: 'idle' as const,
        turn: 0,
      }
      this.#lanes.set(partition, fresh)
    }
    this.#dispatcher.wake()
  }

  /** Our partitions. */
  held(): number[] {
    return [...this.#lanes.keys()]
  }

  /** The first offset that is not settled, and so the first that a fetch may bring. */
  placeOf(partition: number): number | undefined {
    const lane = this.#lanes.get(partition)
    return lane?.items[0]?.offset ?? lane?.next
  }

  /** Drops what the lane of a partition holds, and goes on at another offset. Late verdicts are ignored. */
  restart(partition: number, next: number): void {
    if (!this.#lanes.has(partition)) return
    const others = [...this.#lanes].filter(([one]) => one !== partition).map(([one, lane]) => [one, lane.next] as const)
    this.assign(new Map(others))
    this.assign(new Map([...others, [partition, next]]))
  }

  /** The partitions that have room, each with the offset of its next fetch. */
  wanted(): { readonly partition: number; readonly next: number }[] {
    return [...this.#lanes.values()].filter(
      ({ items, bytes }) => items.length < LANE_EVENTS_MAX && bytes < LANE_BYTES_MAX,
    )
  }

  /** Whether the partition has events to deliver now, or in handlers' hands. */
  isBusy(partition: number): boolean {
    const state = this.#lanes.get(partition)?.state
    return state === 'ready' || state === 'running'
  }

  get partitions(): number {
    return this.#lanes.size
  }

  /** Events in handlers' hands. */
  get inFlight(): number {
    return [...this.#lanes.values()].reduce((sum, lane) => sum + lane.inFlight, 0)
  }

  /** Adds the records of a fetch from `from`. Skips known records; skips all when the lane is gone or ends before `from`. */
  add(partition: number, from: number, records: readonly Arrived[], next: number): void {
    const lane = this.#lanes.get(partition)
    if (lane?.next === ANYWHERE) lane.start = lane.next = lane.committed = from
    if (!lane || from > lane.next) return
    for (const { offset, value } of records) {
      if (offset < lane.next) continue
      lane.items.push({ offset, value, acked: false })
      lane.bytes += value.length
    }
    lane.next = Math.max(lane.next, next)
    if (lane.state !== 'idle' && !(lane.state === 'held' && this.onHeld)) return
    if (lane.items.length === 0) this.onSettled()
    else this.#setReady(lane)
  }

  /** Offsets to commit: every record before such an offset is settled, and it is above the last one committed. */
  uncommitted(): { readonly partition: number; readonly offset: number }[] {
    return [...this.#lanes.values()].flatMap((lane) => {
      const offset = lane.items[0]?.offset ?? lane.next
      return offset > lane.committed ? [{ partition: lane.partition, offset }] : []
    })
  }

  /**
   * Up to where each partition is committed, and whether by us. Another lane of a partition has its offsets from another start.
   */
  committed(): {
    readonly lane: object
    readonly partition: number
    readonly offset: number
    readonly byUs: boolean
  }[] {
    const lanes = [...this.#lanes.values()].filter(({ committed }) => committed !== ANYWHERE)
    return lanes.map((lane) => {
      return { lane, partition: lane.partition, offset: lane.committed, byUs: lane.committed > lane.start }
    })
  }

  onCommitted(partition: number, offset: number): void {
    const lane = this.#lanes.get(partition)
    if (lane && offset > lane.committed) lane.committed = offset
  }

  /** Takes no more events. Resolves when no handler runs, or after `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    this.#stopped = true
    const late = new AbortController()
    const cancel = this.#clock.after(withinMs, () => late.abort())
    while (this.#dispatcher.inHand > 0 && !late.signal.aborted) await this.#dispatcher.change(late.signal)
    cancel()
  }

  /** Resolves when something has changed, or after `withinMs`. */
  async change(withinMs: number): Promise<void> {
    const late = new AbortController()
    const cancel = this.#clock.after(withinMs, () => late.abort())
    await this.#dispatcher.change(late.signal)
    cancel()
  }

  start(): void {
    this.#stopped = false
    this.#dispatcher.wake()
  }

  /** Delivers until the signal aborts. */
  consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    return this.#dispatcher.consume(handle, options)
  }

  get readyEvents(): number {
    if (this.#stopped) return 0
    return this.#ready.reduce((sum, { items }) => sum + Math.min(PER_LANE_MAX, items.length), 0)
  }

  take(eventsMax: number, bytesMax: number): Part[] {
    const parts: Part[] = []
    let room = this.#stopped ? 0 : eventsMax
    let roomBytes = bytesMax
    while (room > 0 && this.#ready.length > 0) {
      const lane = this.#ready[0]!
      const items: KafkaItem[] = []
      const most = Math.min(room, PER_LANE_MAX)
      let bytes = 0
      for (let at = 0; at < lane.items.length && items.length < most; at++) {
        const item = lane.items[at]!
        if (item.acked) continue
        if (bytes + item.value.length > roomBytes && (items.length > 0 || parts.length > 0)) break
        items.push(item)
        bytes += item.value.length
      }
      if (items.length === 0) break
      this.#ready.shift()
      room -= items.length
      roomBytes -= bytes
      lane.inFlight = items.length
      lane.state = 'running'
      parts.push(this.#partOf(lane, items, bytes))
    }
    return parts
  }

  #partOf(lane: KafkaLane, items: readonly KafkaItem[], bytes: number): Part {
    const turn = ++lane.turn
    let deliveries: readonly Delivery[] = []
    return {
      events: items.length,
      bytes,
      load: () => {
        deliveries = items.map((item) => this.#load(lane, item))
        return deliveries
      },
      settle: (verdicts) => {
        if (lane.turn === turn) this.#settle(lane, items, verdicts, deliveries)
      },
      lapse: () => {
        if (lane.turn === turn) this.#giveBack(lane, 0)
      },
    }
  }

  #load({ partition }: KafkaLane, { offset, value }: KafkaItem): Delivery {
    const event = eventOfRecord(value, `offset ${offset} of partition ${partition}`, this.#clock.now())
    return { event, count: undefined }
  }

  #settle(
    lane: KafkaLane,
    items: readonly KafkaItem[],
    verdicts: readonly Verdict[],
    deliveries: readonly Delivery[],
  ): void {
    let holdMs = 0
    const retried = new Set<string>()
    for (const [at, verdict] of verdicts.entries()) {
      // An ack behind a retry of its key would break the order, so such an event comes again.
      const event = deliveries[at]?.event
      const key = event ? laneOf(event) : ''
      if (verdict === 'ack' && !retried.has(key)) {
        items[at]!.acked = true
        continue
      }
      retried.add(key)
      if (verdict !== 'ack') holdMs = Math.max(holdMs, verdict.retryInMs)
    }
    let settled = 0
    for (; settled < lane.items.length && lane.items[settled]!.acked; settled++) {
      lane.bytes -= lane.items[settled]!.value.length
    }
    lane.items.splice(0, settled)
    this.#giveBack(lane, holdMs)
    if (settled > 0) this.onSettled()
  }

  /** Takes the lane back from its handler. It may go on after `holdMs`. */
  #giveBack(lane: KafkaLane, holdMs: number): void {
    lane.turn++
    lane.inFlight = 0
    if (lane.items.length === 0) {
      lane.state = 'idle'
    } else if (holdMs <= 0) {
      this.#setReady(lane)
    } else {
      lane.state = 'held'
      if (this.onHeld) return this.onHeld(lane.partition, lane.items[0]!.offset, holdMs)
      const held = lane.turn
      this.#clock.after(holdMs, () => {
        if (lane.turn === held) this.#setReady(lane)
      })
    }
  }

  #setReady(lane: KafkaLane): void {
    lane.state = 'ready'
    this.#ready.push(lane)
    this.#dispatcher.wake()
  }
}
