import { encodedBytes } from '../../src/core/base/codec.ts'
import { type FolderLock, lockFolder } from '../../src/core/base/lock.ts'
import { shareOfHeap } from '../../src/core/base/memory.ts'
import { syncedIn } from '../../src/core/base/storage.ts'
import { within } from '../../src/core/base/within.ts'
import { systemClock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import {
  type ConsumeOptions,
  type Handler,
  PublishError,
  type Queue,
  type QueueOpenOptions,
} from '../../src/core/contracts/queue.ts'
import { Lanes } from '../../src/core/processing/lanes.ts'
import { Backlog } from './backlog.ts'
import { type LogItem, Reader } from './item.ts'
import { type Appending, Log, type Stored } from './log.ts'
import { probeDisk } from './probe.ts'
import { recover } from './recovery.ts'

const SEGMENT_BYTES = 32 * 1024 * 1024
/** Of a segment, beside what one publish stores: its head, the heads of its events, and acks. */
const SEGMENT_REST_BYTES = 6 * 1024 * 1024
/** A probe writes so many bytes. */
const PROBE_BYTES = 4_096
const BYTES_MAX = 1024 * 1024 * 1024
/** Waiting events may take so much memory. The end of a longer line is on disk only. */
const MEMORY_BYTES_MAX = shareOfHeap(1 / 8)
/** This share of it is for events that stay whole. Others are read back from the log when their turn comes. */
const WHOLE_SHARE = 1 / 8
/** Memory of a waiting event, with a lane of its own, beside its key; and of one that stays whole, beside its bytes. */
const ITEM_BYTES = 480
const WHOLE_BYTES = 1_024
/** The end of the line is read on when so much memory is free. */
const REFILL_BYTES_MAX = 256 * 1024

interface EmbeddedOptions extends Pick<QueueOpenOptions, 'bytesMax' | 'memoryBytesMax' | 'clock'> {
  readonly segmentBytes?: number
}

/**
 * A durable queue in this process: a segment log on local disk, and lanes in memory. A publish resolves after fdatasync. The
 * lanes hold the oldest waiting events, as many as memoryBytesMax allows; later ones follow from disk. A stalled key delays
 * only itself until stalled keys fill that memory.
 */
export class EmbeddedQueue implements Queue {
  readonly traits
  readonly #log: Log
  readonly #lanes: Lanes<LogItem>
  readonly #clock
  readonly #reader: Reader
  readonly #bytesMax: number
  readonly #filesBytesMax: number
  readonly #lock: FolderLock
  readonly #folder: string
  readonly #backlog: Backlog
  readonly #itemsBytesMax: number
  readonly #wholeBytesMax: number
  /** Bytes of events that wait, are being written, or may have been written. */
  #stored = 0
  /** Memory of the events in the lanes, and of those among them, or being written, that are whole. */
  #itemsBytes = 0
  #wholeBytes = 0
  #closed: Promise<void> | undefined

  constructor(folder: string, options: EmbeddedOptions) {
    const {
      segmentBytes = SEGMENT_BYTES,
      clock = systemClock,
      bytesMax = BYTES_MAX,
      memoryBytesMax = MEMORY_BYTES_MAX,
    } = options
    this.#clock = clock
    this.#bytesMax = bytesMax
    // An event that waits long holds its segment and all later ones.
    this.#filesBytesMax = 2 * bytesMax + 4 * segmentBytes
    this.#folder = folder
    this.#lock = lockFolder(folder)
    this.traits = traitsFor(folder, segmentBytes)
    this.#reader = new Reader(folder)
    this.#backlog = new Backlog(folder, this.#reader)
    this.#wholeBytesMax = memoryBytesMax * WHOLE_SHARE
    this.#itemsBytesMax = memoryBytesMax - this.#wholeBytesMax
    try {
      const recovered = recover(folder, segmentBytes)
      this.#log = new Log(folder, { segmentBytes, clock, stillOurs: () => this.#lock.check() }, recovered)
      this.#lanes = new Lanes<LogItem>(clock, (item) => this.#onAck(item))
      const { events, bytes } = recovered.unsettled
      this.#stored = bytes
      if (events > 0) this.#backlog.add(events, this.#log.begin!, 0)
      this.#refill()
    } catch (error) {
      this.#lock.release()
      throw error
    }
  }

  get counts() {
    return this.#log.counts
  }

  async publish(events: readonly WebhookEvent[], { deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    if (events.length === 0) return
    let bytes = 0
    for (const event of events) bytes += encodedBytes(event)
    this.#admit(events, bytes)
    const wholeBytes = bytes + events.length * WHOLE_BYTES
    const isWhole = this.#wholeBytes + wholeBytes <= this.#wholeBytesMax
    let appending: Appending
    try {
      appending = this.#log.append(events, bytes, isWhole ? undefined : this.#reader)
    } catch (cause) {
      throw publishError(events, cause)
    }
    const count = (sign: 1 | -1) => {
      this.#stored += sign * bytes
      if (isWhole) this.#wholeBytes += sign * wholeBytes
    }
    count(1)
    const settled = appending.stored.then(
      (stored) => this.#deliverable(stored),
      (cause) => {
        count(-1)
        throw publishError(events, cause)
      },
    )
    // Events being written when time runs out may still become durable. Then they are delivered, and their acks free the bytes.
    await within(deadlineMs, this.#clock, settled, () => {
      const definite = appending.cancel()
      if (definite) count(-1)
      return publishError(events, new FloodmarkError('timeout', `not on disk within ${deadlineMs} ms`, { definite }))
    })
  }

  #admit(events: readonly WebhookEvent[], bytes: number): void {
    const refuse = (code: 'too-large' | 'overloaded', message: string) =>
      publishError(events, new FloodmarkError(code, message))
    const { publishEventsMax, publishBytesMax } = this.traits
    if (events.length > publishEventsMax || bytes > publishBytesMax) {
      const limits = `${publishEventsMax} events and ${publishBytesMax} bytes`
      throw refuse('too-large', `${events.length} events of ${bytes} bytes in one publish: allowed are ${limits}`)
    }
    if (this.#backlog.failure) throw publishError(events, this.#backlog.failure)
    if (this.#stored + bytes > this.#bytesMax) {
      throw refuse('overloaded', `the queue holds ${this.#stored} of ${this.#bytesMax} bytes`)
    }
    if (this.#log.fileBytes > this.#filesBytesMax) {
      throw refuse('overloaded', `the queue's files have ${this.#log.fileBytes} of ${this.#filesBytesMax} bytes`)
    }
  }

  /** Memory takes events until one has no room. That one, and all behind it, wait on disk only. */
  #deliverable({ items, group }: Stored): void {
    for (let at = 0; at < items.length; at++) {
      const item = items[at]!
      if (this.#backlog.events > 0 || this.#isFull(memoryOf(item))) {
        this.#backlog.add(items.length - at, group, item.number)
        for (const later of items.slice(at)) if (later.isWhole) this.#wholeBytes -= later.bytes + WHOLE_BYTES
        return
      }
      this.#add(item)
    }
  }

  /** One event fits whatever its key. */
  #isFull(bytes: number): boolean {
    return this.#itemsBytes > 0 && this.#itemsBytes + bytes > this.#itemsBytesMax
  }

  #add(item: LogItem): void {
    this.#itemsBytes += memoryOf(item)
    this.#lanes.add(item)
  }

  #refill(): void {
    while (!this.#isFull(ITEM_BYTES)) {
      const item = this.#backlog.next()
      if (!item) return
      this.#add(item)
    }
  }

  #onAck(item: LogItem): void {
    this.#stored -= item.bytes
    this.#itemsBytes -= memoryOf(item)
    if (item.isWhole) this.#wholeBytes -= item.bytes + WHOLE_BYTES
    this.#log.ack(item)
    if (this.#backlog.events > 0 && !this.#isFull(Math.min(REFILL_BYTES_MAX, this.#itemsBytesMax / 4))) this.#refill()
  }

  consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    this.#reader.onError = options.onError
    return this.#lanes.consume(handle, options)
  }

  async probe(): Promise<void> {
    this.#checkLog()
    this.#lock.check()
    this.#admit([], PROBE_BYTES)
    await probeDisk(this.#folder, PROBE_BYTES, this.traits.publishBytesMax)
  }

  async depth() {
    this.#checkLog()
    const depth = this.#lanes.depth()
    return { ...depth, waiting: depth.waiting + this.#backlog.events }
  }

  #checkLog(): void {
    const failure = this.#log.failure ?? this.#backlog.failure
    if (failure) throw failure
  }

  close(): Promise<void> {
    this.#closed ??= this.#log.close().finally(() => this.#lock.release())
    return this.#closed
  }
}

function memoryOf({ lane }: LogItem): number {
  return ITEM_BYTES + 2 * lane.length
}

function traitsFor(folder: string, segmentBytes: number) {
  const { survives, note } = syncedIn(folder)
  return {
    name: 'embedded',
    server: `a log in this process, fdatasync before publish resolves${note}`,
    survives,
    dataFolders: [folder],
    order: 'key',
    countsDeliveries: false,
    dedupWindowMs: 0,
    shared: false,
    publishEventsMax: 1_024,
    publishBytesMax: Math.max(segmentBytes / 2, segmentBytes - SEGMENT_REST_BYTES),
  } as const
}

function publishError(events: readonly WebhookEvent[], cause: unknown): PublishError {
  const known = cause instanceof FloodmarkError
  const options = { definite: known && cause.definite, cause }
  return PublishError.all(events, known ? cause.code : 'unavailable', messageOf(cause), options)
}
