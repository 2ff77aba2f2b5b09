import { closeSync, fdatasync, fdatasyncSync, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import { openPrivate, syncFolderSync } from '../../src/core/base/private-files.ts'
import { FORMAT } from './format.ts'

/*
 * The bounds of the log. They are kept apart from it, so that a missing file or a lost end is recognised. They are the file
 * 'bounds' in the log's folder, little endian: three slots, each at the start of 4 KiB. Every slot holds all the bounds, and
 * the one with the highest sequence is valid.
 *   slot: 0 'FMBND003' | 8 u32 crc32 of the 40 bytes behind it | 12 u32 closed | 16 f64 sequence | 24 f64 first
 *         32 f64 newest | 40 f64 durable
 * Two slots are written in turn, each with a sync. The third is written after every commit, without a sync. It outlives the
 * process. A power cut may tear it, and leaves the other two.
 */
const SLOT_BYTES = 4_096
const SLOTS = 3
const UNSYNCED = 2
const USED_BYTES = 48
const MAGIC = Buffer.from(`FMBND${FORMAT}`, 'latin1')
const syncData = promisify(fdatasync)

export interface Bounds {
  /** The number of the oldest segment. Earlier segments are settled: their files may or may not exist. */
  readonly first: number
  /** The number of the newest segment; 0 when there is no segment. */
  readonly newest: number
  /** The last group known to be on disk. */
  readonly durable: number
  /** The log was closed in order: everything in it was synced. */
  readonly closed: boolean
  /** A later write of the bounds has a higher sequence. */
  readonly sequence: number
}
export type Promised = Omit<Bounds, 'sequence'>

export function boundsPath(folder: string): string {
  return join(folder, 'bounds')
}

/** Reads a slot of the file; undefined when the slot is not valid. */
function readSlot(slot: Buffer): Bounds | undefined {
  if (slot.compare(MAGIC, 0, 8, 0, 8) !== 0 || crc32(slot.subarray(12, USED_BYTES)) !== slot.readUInt32LE(8))
    return undefined
  return {
    closed: slot.readUInt32LE(12) === 1,
    sequence: slot.readDoubleLE(16),
    first: slot.readDoubleLE(24),
    newest: slot.readDoubleLE(32),
    durable: slot.readDoubleLE(40),
  }
}

export function slotOf({ closed, sequence, first, newest, durable }: Bounds): Buffer {
  const slot = Buffer.alloc(USED_BYTES)
  MAGIC.copy(slot)
  slot.writeUInt32LE(closed ? 1 : 0, 12)
  for (const [at, value] of [sequence, first, newest, durable].entries()) slot.writeDoubleLE(value, 16 + 8 * at)
  slot.writeUInt32LE(crc32(slot.subarray(12)), 8)
  return slot
}

/** The file's bounds; undefined when there is no file; 'damaged', or the name of a format not known here. */
export function readBounds(folder: string): Bounds | string | undefined {
  let file: number
  try {
    file = openSync(boundsPath(folder), 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const bytes = Buffer.alloc(SLOTS * SLOT_BYTES)
  try {
    readSync(file, bytes, 0, bytes.length, 0)
  } finally {
    closeSync(file)
  }
  const slots = Array.from({ length: SLOTS }, (_, at) => bytes.subarray(at * SLOT_BYTES, at * SLOT_BYTES + USED_BYTES))
  const known = slots.map(readSlot).filter((slot) => slot !== undefined)
  if (known.length > 0) return known.reduce((best, one) => (one.sequence > best.sequence ? one : best))
  const other = slots.map((slot) => /^FMBND(\d{3})$/.exec(slot.toString('latin1', 0, 8))?.[1])
  return other.find((format) => format !== undefined && format !== FORMAT) ?? 'damaged'
}

/** Writes the bounds from one opening of the log to its end. */
export class BoundsFile {
  readonly #file: number
  #sequence: number
  #synced = 0

  /** Writes `promised` and syncs. `before` is the file's content so far: a file written in place needs no room on a full disk. */
  constructor(folder: string, promised: Promised, before: Bounds | undefined) {
    this.#sequence = before?.sequence ?? 0
    const path = boundsPath(folder)
    this.#file = openPrivate(before ? path : `${path}.new`, before ? 'r+' : 'w+')
    if (!before) writeSync(this.#file, Buffer.alloc(SLOTS * SLOT_BYTES), 0, SLOTS * SLOT_BYTES, 0)
    for (const slot of [0, 1]) {
      this.#put(promised, slot)
      fdatasyncSync(this.#file)
    }
    if (before) return
    fsyncSync(this.#file)
    renameSync(`${path}.new`, path)
    syncFolderSync(folder)
  }

  /** Resolves when the bounds are on disk. */
  async write(promised: Promised): Promise<void> {
    this.#put(promised, this.#synced)
    this.#synced = 1 - this.#synced
    await syncData(this.#file)
  }

  /** Writes without a sync: outlives this process, but not a power cut. */
  note(promised: Promised): void {
    this.#put(promised, UNSYNCED)
  }

  close(): void {
    closeSync(this.#file)
  }

  #put(promised: Promised, slot: number): void {
    const bytes = slotOf({ ...promised, sequence: ++this.#sequence })
    writeSync(this.#file, bytes, 0, USED_BYTES, slot * SLOT_BYTES)
  }
}
