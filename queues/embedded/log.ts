import { closeSync, existsSync, fdatasync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { encodedBytes, encodeInto } from '../../src/core/codec.ts'
import { FloodmarkError, messageOf } from '../../src/core/errors.ts'
import type { WebhookEvent } from '../../src/core/event.ts'
import { ACKS, EVENT, RECORD_HEAD_BYTES, seal } from './record.ts'
import { type Place, type Recovered, segmentPath } from './recovery.ts'

const sync = promisify(fdatasync)

/** Space is made ahead in files of this size: writing into it then changes no file length, so a commit costs one data sync. */
export const SEGMENT_BYTES = 32 * 1024 * 1024
const ZEROS = Buffer.alloc(1024 * 1024)
/** Acks travel with the next commit, or after this long without one, ms. Losing them only means another delivery. */
const ACKS_AFTER_MS = 100
const SPARE = 'spare'

/** Bytes of records for one segment, collected for the next commit. */
interface Chunk {
  readonly segment: number
  readonly offset: number
  buffer: Buffer
  used: number
}

interface Group {
  chunks: Chunk[]
  waiting: { resolve: () => void; reject: (error: unknown) => void }[]
}

/** An append-only log with group commit: while one group is being synced, the next one collects. */
export class Log {
  readonly #folder: string
  readonly #epoch: number
  /** Files by the number of their first record, oldest first. */
  readonly #segments = new Map<number, number>()
  /** Events by segment, also those still collected for it, that have no ack yet. */
  readonly #unsettled = new Map<number, number>()
  #nextNumber: number
  #segment: number
  #offset: number
  #durable: number
  #group: Group = { chunks: [], waiting: [] }
  #committing: Promise<void> | undefined
  #acks: number[] = []
  #acksTimer: NodeJS.Timeout | undefined
  #spare: Promise<void> | undefined
  #failure: FloodmarkError | undefined
  #closed = false
  /** Files with writes that no sync has covered yet. */
  readonly #dirty = new Set<number>()
  /** fdatasync calls and records since opening. */
  readonly counts = { syncs: 0, records: 0 }

  constructor(folder: string, recovered: Recovered) {
    this.#folder = folder
    this.#epoch = recovered.epoch + 1
    this.#nextNumber = recovered.nextNumber
    this.#durable = recovered.nextNumber - 1
    this.#segment = recovered.segments.at(-1) ?? 0
    this.#offset = recovered.segments.length > 0 ? recovered.nextOffset : SEGMENT_BYTES
    for (const first of recovered.segments) {
      const file = openSync(segmentPath(folder, first), 'r+')
      // What was read may lie in the page cache only; from here on it counts as durable.
      fsyncSync(file)
      this.#segments.set(first, file)
    }
    for (const { place } of recovered.pending.values()) this.#count(place, 1)
  }

  get failure(): FloodmarkError | undefined {
    return this.#failure
  }

  get storedBytes(): number {
    return this.#segments.size * SEGMENT_BYTES
  }

  /** Collects events for the next commit; `done` resolves after the fdatasync that covers them. */
  append(events: readonly WebhookEvent[]): { records: { number: number; place: Place }[]; done: Promise<void> } {
    if (this.#failure) throw this.#failure
    if (this.#closed) throw new FloodmarkError('unavailable', 'the queue is closed')
    const records = events.map((event) => {
      const bytes = encodedBytes(event)
      const place = this.#record(EVENT, bytes, (buffer, at) => encodeInto(event, buffer, at))
      this.#count(place, 1)
      return { number: this.#nextNumber - 1, place }
    })
    const done = new Promise<void>((resolve, reject) => this.#group.waiting.push({ resolve, reject }))
    this.#startCommit()
    return { records, done }
  }

  ack(number: number, place: Place): void {
    // Too late to be written: the event comes again after the next opening.
    if (this.#closed) return
    this.#acks.push(number)
    this.#count(place, -1)
    this.#acksTimer ??= setTimeout(() => this.#startCommit(), ACKS_AFTER_MS)
  }

  read(place: Place): Buffer {
    const bytes = Buffer.allocUnsafe(place.bytes)
    readSync(this.#segments.get(place.segment)!, bytes, 0, place.bytes, place.offset)
    return bytes
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#startCommit()
    while (this.#committing) await this.#committing
    clearTimeout(this.#acksTimer)
    await this.#spare?.catch(() => {})
    for (const file of this.#segments.values()) closeSync(file)
    this.#segments.clear()
  }

  /** Room for one record in the group, filled in by `fill` and sealed. Records never span segments. */
  #record(kind: number, payloadBytes: number, fill: (buffer: Buffer, at: number) => void): Place {
    const bytes = RECORD_HEAD_BYTES + payloadBytes
    if (this.#offset + bytes > SEGMENT_BYTES) {
      this.#segment = this.#nextNumber
      this.#offset = 0
    }
    const chunk = this.#chunk(bytes)
    fill(chunk.buffer, chunk.used + RECORD_HEAD_BYTES)
    const number = this.#nextNumber++
    seal(chunk.buffer, chunk.used, { kind, number, payloadBytes, epoch: this.#epoch, durable: this.#durable })
    const place = { segment: this.#segment, offset: this.#offset + RECORD_HEAD_BYTES, bytes: payloadBytes }
    chunk.used += bytes
    this.#offset += bytes
    this.counts.records++
    return place
  }

  #chunk(bytes: number): Chunk {
    const last = this.#group.chunks.at(-1)
    if (last?.segment !== this.#segment) {
      const buffer = Buffer.allocUnsafe(Math.max(64 * 1024, bytes))
      const chunk = { segment: this.#segment, offset: this.#offset, buffer, used: 0 }
      this.#group.chunks.push(chunk)
      return chunk
    }
    if (last.used + bytes > last.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(last.buffer.length * 2, last.used + bytes))
      last.buffer.copy(larger, 0, 0, last.used)
      last.buffer = larger
    }
    return last
  }

  #startCommit(): void {
    this.#committing ??= this.#commitAll().finally(() => {
      this.#committing = undefined
    })
  }

  async #commitAll(): Promise<void> {
    // One turn of the loop, so that everything published in this one shares the first commit.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#group.waiting.length > 0 || this.#acks.length > 0) {
      this.#writeAcks()
      const group = this.#group
      const lastNumber = this.#nextNumber - 1
      this.#group = { chunks: [], waiting: [] }
      try {
        if (this.#failure) throw this.#failure
        await this.#commit(group)
        if (this.#dirty.size === 0) this.#durable = lastNumber
        for (const { resolve } of group.waiting) resolve()
        this.#free()
      } catch (cause) {
        // After a failed write or sync nobody knows what is on disk, and a second sync would lie: this log is over until opened anew.
        const what = `cannot write to ${this.#folder}: ${messageOf(cause)}. Mend the disk, then start again`
        this.#failure ??= new FloodmarkError('unavailable', what, { cause, definite: false })
        for (const { reject } of group.waiting) reject(this.#failure)
      }
    }
  }

  #writeAcks(): void {
    clearTimeout(this.#acksTimer)
    this.#acksTimer = undefined
    const perRecord = 65_536
    for (let from = 0; from < this.#acks.length; from += perRecord) {
      const acks = this.#acks.slice(from, from + perRecord)
      this.#record(ACKS, acks.length * 8, (buffer, at) => {
        for (const [position, number] of acks.entries()) buffer.writeDoubleLE(number, at + position * 8)
      })
    }
    this.#acks = []
  }

  async #commit(group: Group): Promise<void> {
    for (const { segment, offset, buffer, used } of group.chunks) {
      const file = this.#segments.get(segment) ?? (await this.#addSegment(segment))
      for (let done = 0; done < used; ) done += writeSync(file, buffer, done, used - done, offset + done)
      this.#dirty.add(file)
    }
    if (group.waiting.length === 0) return
    for (const file of this.#dirty) {
      this.counts.syncs++
      await sync(file)
    }
    this.#dirty.clear()
  }

  #count({ segment }: Place, by: number): void {
    this.#unsettled.set(segment, (this.#unsettled.get(segment) ?? 0) + by)
  }

  async #addSegment(first: number): Promise<number> {
    this.#spare ??= this.#makeSpare()
    await this.#spare
    this.#spare = undefined
    const path = segmentPath(this.#folder, first)
    if (existsSync(path)) throw new FloodmarkError('corrupt', `${path} exists already`)
    renameSync(join(this.#folder, SPARE), path)
    syncFolder(this.#folder)
    const file = openSync(path, 'r+')
    this.#segments.set(first, file)
    this.#spare = this.#makeSpare()
    this.#spare.catch(() => {})
    return file
  }

  /** A file full of zeros, on disk, ready to be renamed into place. */
  async #makeSpare(): Promise<void> {
    const path = join(this.#folder, SPARE)
    const handle = await openFile(path, 'w')
    try {
      for (let at = 0; at < SEGMENT_BYTES; at += ZEROS.length) await handle.write(ZEROS, 0, ZEROS.length, at)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  /** Segments leave from the old end only: an ack never goes before what it acks. */
  #free(): void {
    for (const [first, file] of this.#segments) {
      if ((this.#unsettled.get(first) ?? 0) > 0 || first === this.#segment || this.#segments.size === 1) return
      this.#segments.delete(first)
      this.#unsettled.delete(first)
      this.#dirty.delete(file)
      closeSync(file)
      rmSync(segmentPath(this.#folder, first))
    }
  }
}

export function syncFolder(folder: string): void {
  if (!existsSync(folder)) return
  const file = openSync(folder, 'r')
  fsyncSync(file)
  closeSync(file)
}
