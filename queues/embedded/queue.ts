import { readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { decode, encode, encodedBytes } from '../../src/core/base/codec.ts'
import { type FolderLock, lockFolder } from '../../src/core/base/lock.ts'
import { syncedIn } from '../../src/core/base/storage.ts'
import { within } from '../../src/core/base/within.ts'
import { systemClock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import { laneOf, type WebhookEvent } from '../../src/core/contracts/event.ts'
import {
  type ConsumeOptions,
  type Handler,
  PublishError,
  type Queue,
  type QueueOpenOptions,
} from '../../src/core/contracts/queue.ts'
import { Lanes, type Waiting } from '../../src/core/processing/lanes.ts'
import { type Appending, Log } from './log.ts'
import { probeDisk } from './probe.ts'
import { recover } from './recovery.ts'
import { type LogPlace, segmentPath } from './segment.ts'

const SEGMENT_BYTES = 32 * 1024 * 1024
/** A probe writes so many bytes. */
const PROBE_BYTES = 4_096
const BYTES_MAX = 1024 * 1024 * 1024
/** Waiting events beyond so many bytes are read back from the log when their turn comes. */
const IN_MEMORY_BYTES_MAX = 8 * 1024 * 1024

/** Reads events back, and reports each event that cannot be read once. */
class Reader {
  readonly #folder: string
  readonly #told = new Set<number>()
  onError: ConsumeOptions['onError']

  constructor(folder: string) {
    this.#folder = folder
  }

  /** @throws FloodmarkError 'corrupt' when the bytes on disk are not the bytes that were acknowledged. */
  read({ segment, number, offset, bytes, crc }: LogPlace): WebhookEvent {
    const where = `${segmentPath(this.#folder, segment.first)}: the event at byte ${offset}`
    try {
      const event = Buffer.allocUnsafe(bytes)
      const got = readSync(segment.file, event, 0, bytes, offset)
      if (got === bytes && (crc32(event) | 0) === crc) return decode(event)
    } catch (cause) {
      throw this.#tell(
        number,
        new FloodmarkError('unavailable', `${where} cannot be read: ${messageOf(cause)}`, { cause }),
      )
    }
    const todo = 'The event and its key wait. Stop, keep a copy of the folder and check the disk'
    const what = `${where} is not what was acknowledged: the disk changed it. ${todo}`
    throw this.#tell(number, new FloodmarkError('corrupt', what))
  }

  #tell(number: number, error: FloodmarkError): FloodmarkError {
    if (!this.#told.has(number)) this.onError?.(error)
    this.#told.add(number)
    return error
  }
}

/** A waiting event: in memory, or only its place in the log. */
class LogItem implements Waiting {
  readonly place: LogPlace
  readonly lane: string
  readonly sinceMs: number
  readonly from: WebhookEvent | Reader

  constructor(place: LogPlace, lane: string, sinceMs: number, from: WebhookEvent | Reader) {
    this.place = place
    this.lane = lane
    this.sinceMs = sinceMs
    this.from = from
  }

  get bytes(): number {
    return this.place.bytes
  }

  get isInMemory(): boolean {
    return !(this.from instanceof Reader)
  }

  load(): WebhookEvent {
    return this.from instanceof Reader ? this.from.read(this.place) : this.from
  }
}

interface EmbeddedOptions extends Pick<QueueOpenOptions, 'bytesMax' | 'clock'> {
  readonly segmentBytes?: number
}

/** A durable queue in this process: a segment log on local disk, and lanes in memory. A publish resolves after fdatasync. */
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
  /** Bytes of events that wait, are being written, or may have been written. */
  #stored = 0
  #inMemory = 0
  #closed: Promise<void> | undefined

  constructor(folder: string, options: EmbeddedOptions) {
    const { segmentBytes = SEGMENT_BYTES, clock = systemClock, bytesMax = BYTES_MAX } = options
    this.#clock = clock
    this.#bytesMax = bytesMax
    // An event that waits long holds its segment and all later ones.
    this.#filesBytesMax = 2 * bytesMax + 4 * segmentBytes
    this.#folder = folder
    this.#lock = lockFolder(folder)
    this.traits = traitsFor(folder, segmentBytes)
    this.#reader = new Reader(folder)
    try {
      const recovered = recover(folder, segmentBytes)
      this.#log = new Log(folder, { segmentBytes, clock, stillOurs: () => this.#lock.check() }, recovered)
      this.#lanes = new Lanes<LogItem>(clock, (item) => this.#onAck(item))
      for (const { place, lane, receivedAtMs } of recovered.pending.values()) {
        this.#stored += place.bytes
        this.#lanes.add(new LogItem(place, lane, receivedAtMs, this.#reader))
      }
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
    let appending: Appending
    try {
      appending = this.#log.append(events, bytes)
    } catch (cause) {
      throw publishError(events, cause)
    }
    this.#stored += bytes
    const settled = appending.stored.then(
      (places) => this.#deliverable(events, places),
      (cause) => {
        this.#stored -= bytes
        throw publishError(events, cause)
      },
    )
    // Events being written when time runs out may still become durable. Then they are delivered, and their acks free the bytes.
    await within(deadlineMs, this.#clock, settled, () => {
      const definite = appending.cancel()
      if (definite) this.#stored -= bytes
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
    if (this.#stored + bytes > this.#bytesMax) {
      throw refuse('overloaded', `the queue holds ${this.#stored} of ${this.#bytesMax} bytes`)
    }
    if (this.#log.fileBytes > this.#filesBytesMax) {
      throw refuse('overloaded', `the queue's files have ${this.#log.fileBytes} of ${this.#filesBytesMax} bytes`)
    }
  }

  #deliverable(events: readonly WebhookEvent[], places: readonly LogPlace[]): void {
    for (let position = 0; position < events.length; position++) {
      const event = events[position]!
      const place = places[position]!
      const inMemory = this.#inMemory + place.bytes <= IN_MEMORY_BYTES_MAX
      if (inMemory) this.#inMemory += place.bytes
      // A checksum costs as much as all else here. So it is made for those only that will be read back.
      const kept = inMemory ? place : { ...place, crc: crc32(encode(event)) | 0 }
      this.#lanes.add(new LogItem(kept, laneOf(event), event.receivedAtMs, inMemory ? event : this.#reader))
    }
  }

  #onAck(item: LogItem): void {
    const { place } = item
    this.#stored -= place.bytes
    if (item.isInMemory) this.#inMemory -= place.bytes
    this.#log.ack(place)
  }

  consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    this.#reader.onError = options.onError
    return this.#lanes.consume(handle, options)
  }

  async probe(): Promise<void> {
    if (this.#log.failure) throw this.#log.failure
    this.#lock.check()
    this.#admit([], PROBE_BYTES)
    await probeDisk(this.#folder, PROBE_BYTES, this.traits.publishBytesMax)
  }

  async depth() {
    if (this.#log.failure) throw this.#log.failure
    return this.#lanes.depth()
  }

  close(): Promise<void> {
    this.#closed ??= this.#log.close().finally(() => this.#lock.release())
    return this.#closed
  }
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
    publishBytesMax: segmentBytes / 2,
  } as const
}

function publishError(events: readonly WebhookEvent[], cause: unknown): PublishError {
  const known = cause instanceof FloodmarkError
  const options = { definite: known && cause.definite, cause }
  return PublishError.all(events, known ? cause.code : 'unavailable', messageOf(cause), options)
}
