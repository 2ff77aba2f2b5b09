import { closeSync, existsSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { openPrivate } from '../../src/core/base/private-files.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'

const HEAD_BYTES = 8

/** Ids that a process had claimed, and not settled, when it was last heard of. */
export interface LeftIds {
  readonly atMs: number
  readonly ids: readonly string[]
}

/**
 * The ids that this process has claimed, in a file beside the ledger: u32 bytes, u32 checksum, JSON. Each record overwrites the
 * one before. The page cache outlives the process, so nothing is synced: after a power loss the file may say less or something
 * older. That makes a lost try go uncounted, or counts one too many; it loses no event.
 */
export class HeldIds {
  readonly #file: number
  /** What was there at opening. */
  readonly left: LeftIds
  #isEmpty: boolean

  constructor(folder: string) {
    const path = pathIn(folder)
    this.left = heldIn(folder)
    this.#isEmpty = this.left.ids.length === 0
    this.#file = openPrivate(path, existsSync(path) ? 'r+' : 'wx+')
  }

  /** @throws FloodmarkError 'unavailable' when the file cannot be written. */
  write(ids: readonly string[], atMs: number): void {
    if (ids.length === 0 && this.#isEmpty) return
    const json = JSON.stringify({ atMs, ids } satisfies LeftIds)
    const record = Buffer.allocUnsafe(HEAD_BYTES + json.length * 3)
    const bytes = record.write(json, HEAD_BYTES)
    record.writeUInt32LE(bytes, 0)
    record.writeUInt32LE(crc32(record.subarray(HEAD_BYTES, HEAD_BYTES + bytes)), 4)
    try {
      writeSync(this.#file, record, 0, HEAD_BYTES + bytes, 0)
    } catch (cause) {
      const what = `the ledger could not note what is in hand: ${messageOf(cause)}. Check that the disk is not full`
      throw new FloodmarkError('unavailable', what, { cause })
    }
    this.#isEmpty = ids.length === 0
  }

  /** When ids were given back. If it fails, the file names too many ids, and a crash counts a lost try too many for them. */
  tryWrite(ids: readonly string[], atMs: number): void {
    try {
      this.write(ids, atMs)
    } catch {
      // The settlement is stored, and that is what counts.
    }
  }

  /** Nothing is in hand any more. */
  close(): void {
    this.tryWrite([], 0)
    closeSync(this.#file)
  }
}

const pathIn = (folder: string) => join(folder, 'in-hand')

/** What the process that holds the ledger has in hand, or what was left of one that died. */
export function heldIn(folder: string): LeftIds {
  return existsSync(pathIn(folder)) ? decode(readFileSync(pathIn(folder))) : NOTHING
}

const NOTHING: LeftIds = { atMs: 0, ids: [] }

/** A record that is not whole says nothing. */
function decode(file: Buffer): LeftIds {
  if (file.length < HEAD_BYTES) return NOTHING
  const json = file.subarray(HEAD_BYTES, HEAD_BYTES + file.readUInt32LE(0))
  return crc32(json) === file.readUInt32LE(4) && json.length > 0 ? JSON.parse(json.toString()) : NOTHING
}
