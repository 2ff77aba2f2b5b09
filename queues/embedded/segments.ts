import { closeSync, existsSync, fdatasync, fsync, readdirSync, renameSync, rmSync, write, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openPrivate, syncFolder } from '../../src/core/base/private-files.ts'
import type { Clock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import { BoundsFile, type Promised } from './bounds.ts'
import { newSalt, type Salt, segmentHead } from './format.ts'
import type { Recovered } from './recovery.ts'
import { newSegment, type Segment, segmentPath } from './segment.ts'

export const syncData = promisify(fdatasync)
const syncAll = promisify(fsync)
const writeAt = promisify(write)

export interface SegmentsOptions {
  readonly segmentBytes: number
  readonly clock: Clock
}

interface Spare {
  readonly path: string
  readonly file: number
  readonly salt: Salt
}

/** So many freed files are kept for another use. More are deleted. */
const SPARES_MAX = 2
/** After the disk refused a new file, further requests are refused for so many ms. */
const RETRY_MS = 1_000
const ZEROS = Buffer.alloc(1024 * 1024)

/**
 * The files of a log. Each file is made whole ahead of its use, and used again when its events are settled. A write then
 * changes no file length and allocates nothing, so that a commit is one data sync.
 */
export class Segments {
  readonly #folder: string
  readonly #bytes: number
  readonly #clock: Clock
  /** Oldest first. */
  readonly #used: Segment[] = []
  #current: Segment | undefined
  /** Ready for use: their new heads are on disk. */
  readonly #spares: Spare[] = []
  readonly #freed: Omit<Spare, 'salt'>[] = []
  readonly #bounds: BoundsFile
  #making: Promise<void> | undefined
  #madeCount = 0
  #refusal: { readonly error: FloodmarkError; readonly atMs: number } | undefined
  #closed = false

  constructor(folder: string, options: SegmentsOptions, recovered: Recovered) {
    this.#folder = folder
    this.#bytes = options.segmentBytes
    this.#clock = options.clock
    this.#used.push(...recovered.segments)
    const gone: Segment[] = []
    // A segment without a group: the next one would have the same number, and so the same name.
    if (this.#used.at(-1)?.first === recovered.nextGroup) gone.push(this.#used.pop()!)
    const last = this.#used.at(-1)
    if (last) last.next = undefined
    gone.push(...this.#settled())
    const promised = this.#boundsAt(recovered.nextGroup - 1)
    this.#bounds = new BoundsFile(folder, promised, recovered.bounds)
    // Settled segments that an earlier life had no time to give back are older than its bounds, and were not read.
    const isLeft = (name: string) => /^[0-9a-f]{14}\.segment$/.test(name) && Number.parseInt(name, 16) < promised.first
    const inUse = new Set(gone.map((segment) => segmentPath(folder, segment.first)))
    for (const name of readdirSync(folder)) {
      const path = join(folder, name)
      if (name.endsWith('.spare') || (isLeft(name) && !inUse.has(path))) rmSync(path)
    }
    for (const segment of gone) this.#giveBack(segment)
    this.#makeAhead()
  }

  get oldest(): Segment | undefined {
    return this.#used[0]
  }

  get current(): Segment | undefined {
    return this.#current
  }

  get bytes(): number {
    let bytes = 0
    for (const segment of this.#used) bytes += segment.bytes
    return bytes
  }

  /**
   * Ends the current segment. The next one goes on from group `first`.
   * @throws FloodmarkError 'overloaded' when the disk is full, 'unavailable' when no file can be made. These are definite:
   * nothing has changed, and a later try may succeed. Any other error means that the disk failed.
   */
  async next(first: number, durable: number): Promise<Segment> {
    this.#current = undefined
    await this.free(durable)
    if (this.#spares.length === 0) await this.#make()
    const { file, path: from, salt } = this.#spares.pop()!
    const path = segmentPath(this.#folder, first)
    if (existsSync(path)) throw new FloodmarkError('corrupt', `${path} exists already`, { definite: false })
    renameSync(from, path)
    await syncFolder(this.#folder)
    const segment = newSegment({ first, file, bytes: this.#bytes, salt })
    const before = this.#used.at(-1)
    if (before) before.next = segment
    this.#used.push(segment)
    await this.#bounds.write(this.#boundsAt(durable))
    this.#current = segment
    this.#makeAhead()
    return segment
  }

  get anySettled(): boolean {
    return this.#used[0]?.unsettled === 0 && this.#used[0] !== this.#current
  }

  /** Gives back settled segments, from the old end only: an ack must not be deleted before its event. */
  async free(durable: number): Promise<void> {
    const gone = this.#settled()
    if (gone.length === 0) return
    // The bounds go first. From then on a missing file behind them is damage.
    await this.#bounds.write(this.#boundsAt(durable))
    for (const segment of gone) this.#giveBack(segment)
  }

  /** Notes that all groups up to this one are on disk, for the next process that opens the log. */
  vouch(durable: number): void {
    this.#bounds.note(this.#boundsAt(durable))
  }

  /** Ends the log. `durable` is the last group; undefined when nobody knows whether all of the log is on disk. */
  async close(durable: number | undefined): Promise<void> {
    this.#closed = true
    await this.#making?.catch(() => {})
    if (durable !== undefined) await this.#bounds.write({ ...this.#boundsAt(durable), closed: true })
    this.#bounds.close()
    for (const { file } of [...this.#used, ...this.#spares, ...this.#freed]) closeSync(file)
  }

  #boundsAt(durable: number): Promised {
    const newest = this.#used.at(-1)?.first ?? 0
    return { first: this.#used[0]?.first ?? durable + 1, newest, durable, closed: false }
  }

  /** Takes out the oldest segments as long as they are settled. */
  #settled(): Segment[] {
    const gone: Segment[] = []
    while (this.anySettled) gone.push(this.#used.shift()!)
    return gone
  }

  #giveBack(segment: Segment): void {
    segment.gone = true
    const from = segmentPath(this.#folder, segment.first)
    const fits = segment.bytes === this.#bytes
    if (!fits || this.#spares.length + this.#freed.length >= SPARES_MAX) {
      closeSync(segment.file)
      rmSync(from)
      return
    }
    const path = this.#sparePath()
    renameSync(from, path)
    this.#freed.push({ path, file: segment.file })
  }

  #sparePath(): string {
    return join(this.#folder, `${this.#madeCount++}.spare`)
  }

  /** A failure here is not reported. The work is tried again, and reported, when a segment is needed. */
  #makeAhead(): void {
    if (this.#spares.length === 0) this.#make().catch(() => {})
  }

  #make(): Promise<void> {
    this.#making ??= this.#makeSpare().finally(() => {
      this.#making = undefined
    })
    return this.#making
  }

  async #makeSpare(): Promise<void> {
    const freed = this.#freed.pop()
    if (!freed && this.#refusal && this.#clock.monotonic() - this.#refusal.atMs < RETRY_MS) throw this.#refusal.error
    const path = freed?.path ?? this.#sparePath()
    let file = freed?.file
    try {
      // The file's old name must be gone for good before the file loses its content.
      if (freed) await syncFolder(this.#folder)
      file ??= await this.#fill(path)
      const salt = newSalt()
      writeSync(file, segmentHead(salt, this.#bytes), 0, undefined, 0)
      await syncData(file)
      this.#spares.push({ path, file, salt })
      this.#refusal = undefined
    } catch (cause) {
      if (file !== undefined) {
        closeSync(file)
        rmSync(path, { force: true })
      }
      const { code } = cause as NodeJS.ErrnoException
      const isFull = code === 'ENOSPC' || code === 'EDQUOT'
      const what = `cannot make another file in ${this.#folder}: ${messageOf(cause)}. Make room, or repair the disk`
      const error = new FloodmarkError(isFull ? 'overloaded' : 'unavailable', what, { cause, definite: true })
      this.#refusal = { error, atMs: this.#clock.monotonic() }
      throw error
    }
  }

  /** Makes a file full of zeros, on disk. */
  async #fill(path: string): Promise<number> {
    const file = openPrivate(path, 'wx+')
    try {
      for (let at = 0; at < this.#bytes; ) {
        if (this.#closed) throw new Error('the queue is closed')
        at += (await writeAt(file, ZEROS, 0, Math.min(ZEROS.length, this.#bytes - at), at)).bytesWritten
      }
      await syncAll(file)
      return file
    } catch (error) {
      closeSync(file)
      rmSync(path, { force: true })
      throw error
    }
  }
}
