import { closeSync, existsSync, fdatasync, fsync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Clock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import { newSalt, type Salt, segmentHead } from './format.ts'
import type { Recovered } from './recovery.ts'
import type { Segment } from './segment.ts'
import { segmentPath } from './segment.ts'

export const syncData = promisify(fdatasync)
const syncAll = promisify(fsync)

export interface SegmentsOptions {
  readonly segmentBytes: number
  readonly clock: Clock
}

interface Spare {
  readonly path: string
  readonly file: number
  readonly salt: Salt
}

/** Freed files kept for another use; more are deleted. */
const SPARES_MAX = 2
/** After the disk refused a new file, further wishes are refused for this long, ms. */
const RETRY_MS = 1_000
const ZEROS = Buffer.alloc(1024 * 1024)

/**
 * The files of a log. Each is made whole ahead of its use and used again when its events are settled: writing into it
 * then changes no file length and allocates nothing, so that a commit is one data sync.
 */
export class Segments {
  readonly #folder: string
  readonly #bytes: number
  readonly #clock: Clock
  /** Oldest first. */
  readonly #used: Segment[] = []
  #current: Segment | undefined
  /** Ready: their new heads are on disk. */
  readonly #spares: Spare[] = []
  readonly #freed: Omit<Spare, 'salt'>[] = []
  #making: Promise<void> | undefined
  #madeCount = 0
  #refusal: { readonly error: FloodmarkError; readonly atMs: number } | undefined
  #closed = false

  constructor(folder: string, options: SegmentsOptions, recovered: Recovered) {
    this.#folder = folder
    this.#bytes = options.segmentBytes
    this.#clock = options.clock
    this.#used.push(...recovered.segments)
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.spare'))) rmSync(join(folder, name))
    // A segment without a group: the next one will have its number, and so its name.
    if (this.#used.at(-1)?.first === recovered.nextGroup) this.#giveBack(this.#used.pop()!)
    this.free()
    this.#makeAhead()
  }

  get current(): Segment | undefined {
    return this.#current
  }

  get bytes(): number {
    return this.#used.length * this.#bytes
  }

  /**
   * The current segment takes no more; the next one does, from group `first` on.
   * @throws FloodmarkError 'overloaded' when the disk is full, 'unavailable' when no file can be made: definite, nothing has
   * changed, and it may succeed later. Anything else thrown is a disk that failed.
   */
  async next(first: number): Promise<Segment> {
    this.#current = undefined
    this.free()
    if (this.#spares.length === 0) await this.#make()
    const { file, path: from, salt } = this.#spares.pop()!
    const path = segmentPath(this.#folder, first)
    if (existsSync(path)) throw new FloodmarkError('corrupt', `${path} exists already`, { definite: false })
    renameSync(from, path)
    await syncFolder(this.#folder)
    this.#current = { first, file, salt, unsettled: 0, gone: false }
    this.#used.push(this.#current)
    this.#makeAhead()
    return this.#current
  }

  /** Gives back settled segments, from the old end only: an ack never goes before what it acks. True when any went. */
  free(): boolean {
    const before = this.#used.length
    while (this.#used[0]?.unsettled === 0 && this.#used[0] !== this.#current) this.#giveBack(this.#used.shift()!)
    return this.#used.length < before
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#making?.catch(() => {})
    for (const { file } of [...this.#used, ...this.#spares, ...this.#freed]) closeSync(file)
  }

  #giveBack(segment: Segment): void {
    segment.gone = true
    const from = segmentPath(this.#folder, segment.first)
    if (this.#spares.length + this.#freed.length >= SPARES_MAX) {
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

  /** What fails here is tried again, and reported, when a segment is needed. */
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
      // Before the file loses what it held, its old name must be gone for good.
      if (freed) await syncFolder(this.#folder)
      file ??= await this.#fill(path)
      const salt = newSalt()
      writeSync(file, segmentHead(salt), 0, undefined, 0)
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
      const what = `cannot make another file in ${this.#folder}: ${messageOf(cause)}. Make room, or mend the disk`
      const error = new FloodmarkError(isFull ? 'overloaded' : 'unavailable', what, { cause, definite: true })
      this.#refusal = { error, atMs: this.#clock.monotonic() }
      throw error
    }
  }

  /** A file full of zeros, on disk. */
  async #fill(path: string): Promise<number> {
    const handle = await openFile(path, 'wx')
    try {
      for (let at = 0; at < this.#bytes; ) {
        if (this.#closed) throw new Error('the queue is closed')
        at += (await handle.write(ZEROS, 0, Math.min(ZEROS.length, this.#bytes - at), at)).bytesWritten
      }
      await handle.sync()
      return openSync(path, 'r+')
    } catch (error) {
      rmSync(path, { force: true })
      throw error
    } finally {
      await handle.close()
    }
  }
}

export async function syncFolder(folder: string): Promise<void> {
  const file = openSync(folder, 'r')
  try {
    await syncAll(file)
  } finally {
    closeSync(file)
  }
}
