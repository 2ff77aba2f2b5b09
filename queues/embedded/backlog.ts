import { readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { headOfRecord } from '../../src/core/base/codec.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import { laneOf } from '../../src/core/contracts/event.ts'
import { ACK_BYTES, EVENT_HEAD_BYTES, GROUP_HEAD_BYTES, SEGMENT_HEAD_BYTES, unsealGroup } from './format.ts'
import { LogItem, type Reader } from './item.ts'
import { type Segment, segmentPath } from './segment.ts'

const CHUNK_BYTES = 256 * 1024
const NOTHING = Buffer.alloc(0)

/** Where a group begins. */
export interface GroupPlace {
  readonly segment: Segment
  readonly offset: number
  readonly number: number
}

/**
 * The waiting events for which there was no room in memory: the end of the log. They are read in its order. Of each there is
 * nothing in memory, so that a start and an outage need memory for what is about to be delivered only.
 */
export class Backlog {
  readonly #folder: string
  readonly #reader: Reader
  #events = 0
  #segment: Segment | undefined
  /** Where the next group begins; or the next event, where some of a group are left. */
  #offset = 0
  #group = 0
  #left = 0
  #number = 0
  /** Earlier events have been read, or were never part of this. */
  #from = 0
  #buffer = NOTHING
  /** Part of the segment's file, from #chunkAt on. It lies in #buffer. */
  #chunk = NOTHING
  #chunkAt = 0
  #failure: FloodmarkError | undefined

  constructor(folder: string, reader: Reader) {
    this.#folder = folder
    this.#reader = reader
  }

  get events(): number {
    return this.#events
  }

  /** Set once the log could not be read on. */
  get failure(): FloodmarkError | undefined {
    return this.#failure
  }

  /** Adds the next `events` of the log, from event `from` on, which lies in this group. Where some wait already, it follows them. */
  add(events: number, { segment, offset, number }: GroupPlace, from: number): void {
    if (this.#events === 0) {
      this.#segment = segment
      this.#offset = offset
      this.#group = number
      this.#left = 0
      this.#from = from
      this.#forgetChunk()
    }
    this.#events += events
  }

  /** Takes the next event out. undefined: there is none, or the log cannot be read on. */
  next(): LogItem | undefined {
    if (this.#events === 0 || this.#failure) return undefined
    try {
      for (;;) {
        while (this.#left > 0) {
          const item = this.#nextOfGroup()
          if (item) return item
        }
        this.#openGroup()
      }
    } catch (cause) {
      const what = `${segmentPath(this.#folder, this.#segment!.first)} cannot be read on at byte ${this.#offset}`
      const todo = 'Later events wait. Stop, keep a copy of the folder and check the disk'
      this.#failure = new FloodmarkError('unavailable', `${what}: ${messageOf(cause)}. ${todo}`, { cause })
      this.#reader.onError?.(this.#failure)
      return undefined
    }
  }

  /** Undefined for one with an ack. */
  #nextOfGroup(): LogItem | undefined {
    const segment = this.#segment!
    const number = this.#number++
    this.#left--
    const start = this.#offset - this.#chunkAt + EVENT_HEAD_BYTES
    const bytes = this.#chunk.readUInt32LE(start - EVENT_HEAD_BYTES)
    const offset = this.#offset + EVENT_HEAD_BYTES
    this.#offset = offset + bytes
    if (number < this.#from || segment.found?.isSettled(number)) return undefined
    const event = this.#chunk.subarray(start, start + bytes)
    const head = headOfRecord(event)
    const item = new LogItem(
      segment,
      number,
      offset,
      bytes,
      crc32(event) | 0,
      laneOf(head),
      head.receivedAtMs,
      this.#reader,
    )
    this.#events--
    if (this.#events === 0) this.#chunk = this.#buffer = NOTHING
    return item
  }

  /** Goes to the next group's first event. @throws when it is not there. */
  #openGroup(): void {
    const segment = this.#segment!
    const head = segment.gone ? undefined : this.#head(segment)
    if (head?.number !== this.#group) return this.#turnOver(segment)
    this.#group++
    this.#left = head.events
    this.#number = head.firstEvent
    this.#offset += GROUP_HEAD_BYTES + head.acks * ACK_BYTES
  }

  /** The head of a whole group at #offset, which is then in #chunk with all that belongs to it. */
  #head(segment: Segment) {
    const known = unsealGroup(this.#chunk, this.#offset - this.#chunkAt, segment.salt)
    if (known) return known
    this.#read(segment, CHUNK_BYTES)
    const isGroup = this.#chunk.length >= GROUP_HEAD_BYTES && this.#chunk.readUInt32LE(0) === segment.salt.mark
    const wanted = isGroup ? GROUP_HEAD_BYTES + this.#chunk.readUInt32LE(8) : 0
    if (wanted > this.#chunk.length) this.#read(segment, wanted)
    return unsealGroup(this.#chunk, 0, segment.salt)
  }

  #read({ file, bytes }: Segment, wanted: number): void {
    if (wanted > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(wanted)
    const chunk = this.#buffer.subarray(0, Math.max(0, Math.min(wanted, bytes - this.#offset)))
    let length = 0
    for (let got = 1; got > 0 && length < chunk.length; length += got) {
      got = readSync(file, chunk, length, chunk.length - length, this.#offset + length)
    }
    this.#chunk = chunk.subarray(0, length)
    this.#chunkAt = this.#offset
  }

  /** A segment that was given back is settled: whatever is left in it need not be read. */
  #turnOver(segment: Segment): void {
    const { next } = segment
    if (!next || !(segment.gone || next.first === this.#group)) {
      throw new Error(`the acknowledged group ${this.#group} is not there`)
    }
    segment.found = undefined
    this.#segment = next
    this.#offset = SEGMENT_HEAD_BYTES
    this.#group = next.first
    this.#forgetChunk()
  }

  #forgetChunk(): void {
    this.#chunk = NOTHING
    this.#chunkAt = this.#offset
  }
}
