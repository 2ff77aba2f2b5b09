import { closeSync, fstatSync, fsyncSync, openSync, readdirSync, readSync, writeSync } from 'node:fs'
import { openPrivate } from '../../src/core/base/private-files.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import { type Bounds, boundsPath, readBounds } from './bounds.ts'
import {
  ACK_BYTES,
  EVENT_HEAD_BYTES,
  FORMAT,
  GROUP_HEAD_BYTES,
  type GroupHead,
  groupsFrom,
  SEGMENT_HEAD_BYTES,
  segmentHeadOf,
  unsealGroup,
} from './format.ts'
import { FoundEvents } from './found.ts'
import { newSegment, type Segment, segmentPath } from './segment.ts'

export interface Recovered {
  /** Oldest first, opened and synced. */
  readonly segments: readonly Segment[]
  /** Events without an ack, and their bytes. */
  readonly unsettled: { readonly events: number; readonly bytes: number }
  readonly nextGroup: number
  readonly nextEvent: number
  /** The bounds of the log; undefined for a new log and for one that format 002 left. */
  readonly bounds: Bounds | undefined
}

/**
 * Reads the log in order. In each segment it stops at the first group that is not the expected one: groups behind a torn
 * tail were never acknowledged. Holds one segment in memory at a time, and 4 bytes an event. When it throws, nothing has changed.
 * @throws FloodmarkError 'corrupt' when an acknowledged group is missing, 'misuse' when another version wrote the log,
 * 'unavailable' when the log cannot be read.
 */
export function recover(folder: string, segmentBytes: number): Recovered {
  const reading = new Recovery(folder, segmentBytes)
  try {
    return reading.run()
  } catch (cause) {
    for (const { file } of reading.segments) closeSync(file)
    if (cause instanceof FloodmarkError) throw cause
    throw new FloodmarkError('unavailable', `cannot read ${folder}: ${messageOf(cause)}`, { cause })
  }
}

const SEGMENT_NAME = /^[0-9a-f]{14}\.segment$/

class Recovery {
  readonly segments: Segment[] = []
  readonly #folder: string
  readonly #segmentBytes: number
  readonly #unsettled = { events: 0, bytes: 0 }
  /** The segment of the last ack's event. Acks come nearly in the order of their events. */
  #ackedAt = 0
  #bytes = Buffer.alloc(0)
  #nextGroup = 1
  #nextEvent = 1

  constructor(folder: string, segmentBytes: number) {
    this.#folder = folder
    this.#segmentBytes = segmentBytes
  }

  run(): Recovered {
    const all = readdirSync(this.#folder)
      .filter((name) => SEGMENT_NAME.test(name))
      .map((name) => Number.parseInt(name, 16))
      .sort((a, b) => a - b)
    const bounds = this.#bounds(all)
    // Settled segments that there was no time to delete.
    const numbers = all.filter((number) => number >= (bounds?.first ?? 0))
    this.#nextGroup = bounds?.first ?? numbers[0] ?? 1
    if (bounds) this.#checkFiles(numbers, bounds)
    for (const [at, first] of numbers.entries()) {
      const isNewest = at === numbers.length - 1
      this.#read(first, isNewest && !bounds?.closed, numbers[at + 1], bounds)
    }
    const [last] = numbers.slice(-1)
    if (bounds && this.#nextGroup <= bounds.durable) throw this.#endsEarly(last ?? bounds.newest, bounds.durable)
    const { segments } = this
    return { segments, unsettled: this.#unsettled, nextGroup: this.#nextGroup, nextEvent: this.#nextEvent, bounds }
  }

  /** Undefined for a new log, and for one that format 002 left. */
  #bounds(numbers: readonly number[]): Bounds | undefined {
    const bounds = readBounds(this.#folder)
    if (typeof bounds === 'object') return bounds
    const path = boundsPath(this.#folder)
    if (bounds === 'damaged') throw corrupt(`${path} is damaged`)
    if (bounds) throw otherVersion(path, bounds)
    const [oldest] = numbers
    if (oldest === undefined) return undefined
    const path0 = segmentPath(this.#folder, oldest)
    const file = openSync(path0, 'r')
    const head = Buffer.alloc(SEGMENT_HEAD_BYTES)
    try {
      readSync(file, head, 0, head.length, 0)
    } finally {
      closeSync(file)
    }
    const known = segmentHeadOf(head)
    if (typeof known === 'object' && known.segmentBytes !== undefined) throw corrupt(`${path} is missing`)
    if (typeof known === 'string' && known !== 'damaged') throw otherVersion(path0, known)
    return undefined
  }

  #checkFiles(numbers: readonly number[], { first, newest }: Bounds): void {
    const missing = (number: number, which: string) =>
      corrupt(`${segmentPath(this.#folder, number)} is missing, the ${which} file of the log`)
    if (newest === 0 && numbers.length === 0) return
    if (numbers[0] !== first) throw missing(first, 'oldest')
    if (newest !== 0 && !numbers.includes(newest)) throw missing(newest, 'newest')
  }

  #read(first: number, rewrite: boolean, nextFirst: number | undefined, bounds: Bounds | undefined): void {
    const path = segmentPath(this.#folder, first)
    const segment = this.#open(path, first, bounds)
    const bytes = this.#bytes.subarray(0, segment.bytes)
    const { salt } = segment
    let at = SEGMENT_HEAD_BYTES
    for (
      let head = unsealGroup(bytes, at, salt);
      head?.number === this.#nextGroup;
      head = unsealGroup(bytes, at, salt)
    ) {
      this.#take(segment, at, head)
      at += GROUP_HEAD_BYTES + head.payloadBytes
    }
    segment.found!.trim()
    for (const later of groupsFrom(bytes, at, salt)) {
      if (later.durable < this.#nextGroup) continue
      throw corrupt(
        `${path} is damaged at byte ${at}: acknowledged group ${this.#nextGroup} is not there, later ones are`,
      )
    }
    if (nextFirst !== undefined && nextFirst !== this.#nextGroup) throw this.#endsEarly(first, nextFirst - 1, nextFirst)
    // Where a sync failed, the page cache differs from the disk and calls its pages clean. Only writing the data again stores it.
    if (rewrite) writeWhole(segment.file, bytes.subarray(0, at))
    fsyncSync(segment.file)
  }

  /** Opens a segment and reads it into #bytes. */
  #open(path: string, first: number, bounds: Bounds | undefined): Segment {
    const file = openPrivate(path, 'r+')
    const opened = newSegment({ first, file, bytes: fstatSync(file).size, salt: { mark: 0, seed: 0 } })
    const before = this.segments.at(-1)
    if (before) before.next = opened
    opened.found = new FoundEvents()
    this.segments.push(opened)
    if (this.#bytes.length < opened.bytes) this.#bytes = Buffer.allocUnsafe(opened.bytes)
    const length = readWhole(file, this.#bytes.subarray(0, opened.bytes))
    const head = segmentHeadOf(this.#bytes.subarray(0, length))
    // The bounds have this version's format, so the segments that they name have it too.
    if (typeof head === 'string' && head !== 'damaged' && !bounds) throw otherVersion(path, head)
    if (typeof head === 'string') throw corrupt(`${path} is damaged in its first ${SEGMENT_HEAD_BYTES} bytes`)
    const wanted = head.segmentBytes ?? this.#segmentBytes
    if (length !== wanted) throw corrupt(`${path} has ${length} bytes, and was made with ${wanted}`)
    opened.salt = head.salt
    return opened
  }

  #take(segment: Segment, at: number, head: GroupHead): void {
    let from = at + GROUP_HEAD_BYTES
    for (let ack = 0; ack < head.acks; ack++, from += ACK_BYTES) this.#settle(this.#bytes.readDoubleLE(from))
    this.#nextGroup = head.number + 1
    this.#nextEvent = head.firstEvent + head.events
    const found = segment.found!
    found.expect(head.firstEvent, this.#nextEvent)
    for (let event = head.firstEvent; event < this.#nextEvent; event++) {
      const bytes = this.#bytes.readUInt32LE(from)
      from += EVENT_HEAD_BYTES + bytes
      found.add(event, bytes)
      this.#unsettled.bytes += bytes
    }
    segment.unsettled += head.events
    this.#unsettled.events += head.events
  }

  #settle(number: number): void {
    const { segments } = this
    const firstOf = (at: number) => segments[at]?.found?.first ?? Number.NaN
    while (number < firstOf(this.#ackedAt) && this.#ackedAt > 0) this.#ackedAt--
    while (number >= firstOf(this.#ackedAt + 1)) this.#ackedAt++
    const segment = segments[this.#ackedAt]!
    const bytes = segment.found!.settle(number)
    if (bytes === 0) return
    segment.unsettled--
    this.#unsettled.events--
    this.#unsettled.bytes -= bytes
  }

  /** The error for a file that holds less than was acknowledged, though nothing in it is damaged. */
  #endsEarly(first: number, last: number, nextFirst?: number): FloodmarkError {
    const path = segmentPath(this.#folder, first)
    const missing = `${path} ends before group ${this.#nextGroup}, and groups up to ${last} were acknowledged`
    const between = nextFirst === undefined ? '' : `, or a file between it and ${segmentPath('', nextFirst)} is missing`
    return corrupt(`${missing}: it is an older copy, or its end was lost${between}`)
  }
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, done)
}

function readWhole(file: number, bytes: Buffer): number {
  let length = 0
  for (let read = 1; read > 0 && length < bytes.length; length += read) {
    read = readSync(file, bytes, length, bytes.length - length, length)
  }
  return length
}

const KEEP = 'Nothing was changed. Keep a copy of the folder'

function corrupt(what: string): FloodmarkError {
  return new FloodmarkError('corrupt', `${what}. ${KEEP}, then restore it from a backup or move it away to start empty`)
}

function otherVersion(path: string, format: string): FloodmarkError {
  const what = `${path} has format ${format} of the log, and this version of floodmark reads 002 and ${FORMAT}`
  return new FloodmarkError(
    'misuse',
    `${what}. It is not damaged, and nothing was changed: start the version that wrote it`,
  )
}
