import { writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { encodeInto } from '../../src/core/base/codec.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import { laneOf, type WebhookEvent } from '../../src/core/contracts/event.ts'
import { LogAcks } from './acks.ts'
import type { GroupPlace } from './backlog.ts'
import { ACK_BYTES, EVENT_HEAD_BYTES, GROUP_HEAD_BYTES, SEGMENT_HEAD_BYTES, sealGroup } from './format.ts'
import { LogItem, type Reader } from './item.ts'
import type { Recovered } from './recovery.ts'
import type { Segment } from './segment.ts'
import { Segments, type SegmentsOptions, syncData } from './segments.ts'

/** Acks that no commit takes along are written after so many ms. */
export const IDLE_MS = 100
const ACKS_PER_GROUP_MAX = 65_536
/** A group this large takes no further publish, so that the first publish in it need not wait for all. */
const GROUP_BYTES_MAX = 4 * 1024 * 1024
const BUFFER_BYTES = 256 * 1024

/** One publish on its way to disk. */
interface LogEntry {
  readonly events: readonly WebhookEvent[]
  readonly bytes: number
  /** Reads its events back; undefined where they stay in memory. */
  readonly reader: Reader | undefined
  readonly resolve: (stored: Stored) => void
  readonly reject: (error: FloodmarkError) => void
  readonly items: LogItem[]
}

/** What became of a publish: its events, and the group that holds them. */
export interface Stored {
  readonly items: readonly LogItem[]
  readonly group: GroupPlace
}

export interface LogOptions extends SegmentsOptions {
  /** Throws when another process has taken the folder. */
  readonly stillOurs: () => void
}

export interface Appending {
  /** Resolves after the fdatasync that covers the events. @throws FloodmarkError; `definite` when certainly none is stored. */
  readonly stored: Promise<Stored>
  /** Takes the publish back. True when nothing of it was written yet: then it never will be. */
  readonly cancel: () => boolean
}

/** An append-only log with group commit. While one group is being synced, the next one collects. */
export class Log {
  readonly #folder: string
  readonly #options: LogOptions
  readonly #segments: Segments
  readonly #acksMax: number
  #nextGroup: number
  #nextEvent: number
  #durable: number
  #offset = 0
  #waiting: LogEntry[] = []
  readonly #acks = new LogAcks()
  /** True while the file has a write that no sync has covered. */
  #dirty = false
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  #committing: Promise<void> | undefined
  #isCommitting = false
  #isDue = false
  #cancelDue: (() => void) | undefined
  #failure: FloodmarkError | undefined
  #closed = false
  /** Counts of fdatasync calls for groups, and of events, since opening. */
  readonly counts = { syncs: 0, records: 0 }

  constructor(folder: string, options: LogOptions, recovered: Recovered) {
    this.#folder = folder
    this.#options = options
    this.#acksMax = Math.min(ACKS_PER_GROUP_MAX, Math.floor(options.segmentBytes / 32))
    this.#nextGroup = recovered.nextGroup
    this.#nextEvent = recovered.nextEvent
    this.#durable = recovered.nextGroup - 1
    this.#segments = new Segments(folder, options, recovered)
  }

  get failure(): FloodmarkError | undefined {
    return this.#failure
  }

  /** Where the first event of the log is. */
  get begin(): GroupPlace | undefined {
    const { oldest: segment } = this.#segments
    return segment && { segment, offset: SEGMENT_HEAD_BYTES, number: segment.first }
  }

  get fileBytes(): number {
    return this.#segments.bytes
  }

  /** `bytes` as the codec counts them. The events fit into one segment together. They stay in memory where there is no `reader`. */
  append(events: readonly WebhookEvent[], bytes: number, reader: Reader | undefined): Appending {
    if (this.#failure) throw new FloodmarkError('unavailable', this.#failure.message, { cause: this.#failure })
    if (this.#closed) throw new FloodmarkError('unavailable', 'the queue is closed')
    let entry!: LogEntry
    const stored = new Promise<Stored>((resolve, reject) => {
      entry = { events, bytes: bytes + events.length * EVENT_HEAD_BYTES, reader, resolve, reject, items: [] }
    })
    this.#waiting.push(entry)
    this.#start()
    const cancel = () => {
      const position = this.#waiting.indexOf(entry)
      if (position !== -1) this.#waiting.splice(position, 1)
      return position !== -1
    }
    return { stored, cancel }
  }

  ack(item: LogItem): void {
    item.segment.unsettled--
    item.from = undefined
    // Too late to be written: the event comes again after the next opening.
    if (this.#closed || this.#failure) return
    this.#acks.add(item)
    if (this.#acks.count < this.#acksMax) return this.#soon()
    this.#isDue = true
    this.#start()
  }

  /** Writes and syncs all that waits, then frees everything. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancelDue?.()
    await this.#committing
    this.#isDue = true
    this.#start()
    await this.#committing
    await this.#segments.close(await this.#end())
  }

  /** The last group, when all groups up to it are on disk; undefined after a failure, when nobody knows. */
  async #end(): Promise<number | undefined> {
    try {
      if (this.#failure) return undefined
      this.#options.stillOurs()
      if (this.#segments.current) await this.#syncAll(this.#segments.current)
      return this.#durable
    } catch {
      return undefined
    }
  }

  #soon(): void {
    if (this.#closed) this.#isDue = true
    else this.#later()
  }

  #later(): void {
    this.#cancelDue ??= this.#options.clock.after(IDLE_MS, () => {
      this.#cancelDue = undefined
      this.#isDue = true
      this.#start()
    })
  }

  #start(): void {
    if (this.#isCommitting) return
    this.#isCommitting = true
    this.#committing = this.#commitAll()
  }

  async #commitAll(): Promise<void> {
    // Publishes made in the same turn share the first commit.
    await undefined
    while (this.#waiting.length > 0 || this.#isDue) {
      this.#isDue = false
      const entries: LogEntry[] = []
      try {
        if (this.#failure) throw this.#failure
        await this.#commit(entries)
      } catch (cause) {
        this.#fail(cause, entries)
      }
    }
    this.#isCommitting = false
  }

  /** Writes one group: makes room, writes once, syncs once. Moves its entries from the waiting line to `entries`. */
  async #commit(entries: LogEntry[]): Promise<void> {
    if (this.#segments.anySettled) {
      await this.#segments.free(this.#durable)
      this.#acks.forgetGone()
    }
    if (this.#waiting.length === 0 && this.#acks.count === 0) return
    this.#options.stillOurs()
    const ackBytes = Math.min(this.#acks.count, this.#acksMax) * ACK_BYTES
    const firstBytes = GROUP_HEAD_BYTES + ackBytes + (this.#waiting[0]?.bytes ?? 0)
    if (!this.#segments.current || this.#offset + firstBytes > this.#options.segmentBytes) await this.#turnOver()
    const used = this.#collect(entries)
    const segment = this.#segments.current!
    const { file } = segment
    for (let done = 0; done < used; ) done += writeSync(file, this.#buffer, done, used - done, this.#offset + done)
    const number = this.#nextGroup++
    const group = { segment, offset: this.#offset, number }
    this.#offset += used
    this.#dirty = true
    if (entries.length > 0) {
      this.counts.syncs++
      await syncData(file)
      this.#options.stillOurs()
      this.#dirty = false
      this.#durable = number
      this.#segments.vouch(number)
    }
    for (const { resolve, items } of entries) resolve({ items, group })
    if (this.#acks.count > 0) this.#soon()
  }

  /** Goes on in a new segment. The old one is on disk by then. */
  async #turnOver(): Promise<void> {
    const { current } = this.#segments
    if (current) await this.#syncAll(current)
    await this.#segments.next(this.#nextGroup, this.#durable)
    this.#offset = SEGMENT_HEAD_BYTES
  }

  async #syncAll({ file }: Segment): Promise<void> {
    if (this.#dirty) await syncData(file)
    this.#dirty = false
    this.#durable = this.#nextGroup - 1
  }

  /** Encodes the next group into the buffer and returns its length. */
  #collect(entries: LogEntry[]): number {
    const acks = this.#acks.take(this.#acksMax)
    const { taken, bytes } = this.#take(GROUP_HEAD_BYTES + acks.length * ACK_BYTES)
    // A large buffer serves one group only.
    if (bytes > this.#buffer.length || this.#buffer.length > GROUP_BYTES_MAX) {
      this.#buffer = Buffer.allocUnsafe(Math.max(BUFFER_BYTES, bytes))
    }
    let at = GROUP_HEAD_BYTES
    for (const number of acks) at = this.#buffer.writeDoubleLE(number, at)
    const firstEvent = this.#nextEvent
    for (const entry of taken) {
      try {
        at = this.#encode(entry, at)
        entries.push(entry)
      } catch (error) {
        // Beyond EVENT_LIMITS: nothing of the publish is stored.
        entry.reject(error as FloodmarkError)
      }
    }
    const events = this.#nextEvent - firstEvent
    const counts = { acks: acks.length, events, payloadBytes: at - GROUP_HEAD_BYTES }
    const numbers = { number: this.#nextGroup, durable: this.#durable, firstEvent }
    sealGroup(this.#buffer, { ...numbers, ...counts }, this.#segments.current!.salt)
    return at
  }

  /** Takes the first waiting entries: as many as fit behind `start` bytes in the segment and into one group. */
  #take(start: number): { taken: readonly LogEntry[]; bytes: number } {
    const room = this.#options.segmentBytes - this.#offset
    let count = 0
    let bytes = start
    for (const { bytes: more } of this.#waiting) {
      if (bytes + more > (count === 0 ? room : Math.min(room, GROUP_BYTES_MAX))) break
      bytes += more
      count++
    }
    const taken = this.#waiting
    this.#waiting = taken.splice(count)
    return { taken, bytes }
  }

  #encode({ events, reader, items }: LogEntry, start: number): number {
    const segment = this.#segments.current!
    let at = start
    let number = this.#nextEvent
    for (const event of events) {
      const from = at + EVENT_HEAD_BYTES
      at = encodeInto(event, this.#buffer, from)
      const bytes = at - from
      this.#buffer.writeUInt32LE(bytes, from - EVENT_HEAD_BYTES)
      const crc = reader ? crc32(this.#buffer.subarray(from, at)) | 0 : 0
      const lane = laneOf(event)
      items.push(
        new LogItem(segment, number++, this.#offset + from, bytes, crc, lane, event.receivedAtMs, reader ?? event),
      )
    }
    segment.unsettled += events.length
    this.#nextEvent += events.length
    this.counts.records += events.length
    return at
  }

  #fail(cause: unknown, entries: readonly LogEntry[]): void {
    const refused = cause instanceof FloodmarkError && cause.definite && entries.length === 0
    if (!refused) {
      // After a failed write or sync nobody knows what is on disk, and a second sync would lie. Only a new opening may go on.
      const what = `cannot write to ${this.#folder}: ${messageOf(cause)}. Repair the disk, then start again`
      this.#failure ??= new FloodmarkError('unavailable', what, { cause, definite: false })
      for (const { reject } of entries) reject(this.#failure)
    }
    const refusal = refused ? cause : new FloodmarkError('unavailable', this.#failure!.message, { cause })
    for (const { reject } of this.#waiting) reject(refusal)
    this.#waiting = []
    if (refused && this.#acks.count > 0 && !this.#closed) this.#soon()
  }
}
