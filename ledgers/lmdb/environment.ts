import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import { syncFolderSync } from '../../src/core/base/private-files.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import { fromU64, seal, u64, unseal } from './bytes.ts'
import { checkFile, corrupt, makeFiles } from './file.ts'
import { isLimited, mapBytesFor } from './map-size.ts'
import type { LmdbTable } from './pages.ts'

/** Format 1, which had no checksums, did not store its number. */
const FORMAT = 2
const FORMAT_KEY = Buffer.from('format')
const POSITION_KEY = Buffer.from('position')
const UNSEALED_POSITION_BYTES = 8

/** The tables of a ledger. bytes.ts seals every value. */
export interface LmdbEnvironment {
  readonly root: RootDatabase<Buffer, Buffer>
  /** id → its State. */
  readonly ids: LmdbTable
  /** u64 time of expiry, u64 position → the ids that one settle call marked. */
  readonly expiries: LmdbTable
  readonly values: LmdbTable
  /** u64 position → names and items of one settle call. It takes one write at the end, where `items` takes one for each item. */
  readonly log: LmdbTable
  /** name NUL u64 position → an item that has been sorted in from the log. */
  readonly items: LmdbTable
  /** u64 position → dead letter. */
  readonly dead: LmdbTable
  /** u64 position → a copy that differed, as a dead letter. */
  readonly copies: LmdbTable
  /** @throws FloodmarkError 'unavailable' when the file could outgrow the address space that the process may have. */
  checkRoom(): void
}

/** The caller holds the lock. @throws FloodmarkError 'corrupt', 'unavailable', 'misuse' when another version wrote it. */
export function openEnvironment(folder: string): LmdbEnvironment {
  const path = join(folder, 'ledger.mdb')
  const mapSize = mapBytesFor(path)
  const isNew = makeFiles(path)
  checkFile(path)
  // Our calls are whole transactions already. LMDB's own batches would leave a rejection that nobody can catch.
  // Overlapping syncs, its default, stay on: two settle calls at once get 1.2-1.3 times as many through.
  const eventTurnBatching = false
  const root = open<Buffer, Buffer>({ path, mapSize, encoding: 'binary', keyEncoding: 'binary', eventTurnBatching })
  const table = (name: string): LmdbTable => root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' })
  try {
    checkFormat(root, path)
  } catch (error) {
    root.close()
    throw error
  }
  if (isNew) syncFolderSync(folder)
  const limited = isLimited(mapSize)
  return {
    root,
    ids: table('ids'),
    expiries: table('expiries'),
    values: table('values'),
    log: table('log'),
    items: table('items'),
    dead: table('dead'),
    copies: table('copies'),
    checkRoom() {
      if (limited && statSync(path).size > mapSize * 0.75) throw full(path, mapSize)
    },
  }
}

/** Opens a ledger for reading alone, also while another process holds it. @throws FloodmarkError 'misuse' where there is no ledger. */
export function openToRead(folder: string): Pick<LmdbEnvironment, 'root' | 'ids' | 'dead' | 'expiries'> {
  const path = join(folder, 'ledger.mdb')
  if (!existsSync(path)) {
    throw new FloodmarkError('misuse', `there is no ledger in ${folder}: give the service's own folder and namespace`)
  }
  checkFile(path)
  const how = { encoding: 'binary', keyEncoding: 'binary' } as const
  const root = open<Buffer, Buffer>({ path, mapSize: mapBytesFor(path), readOnly: true, ...how })
  const table = (name: string): LmdbTable => root.openDB({ name, ...how })
  try {
    checkFormat(root, path)
    return { root, ids: table('ids'), dead: table('dead'), expiries: table('expiries') }
  } catch (error) {
    root.close()
    throw error
  }
}

/** A ledger has no format until something is stored in it. */
function checkFormat(root: RootDatabase<Buffer, Buffer>, path: string): void {
  const bytes = root.get(FORMAT_KEY)
  const position = root.get(POSITION_KEY)
  // Only a position without a checksum means format 1. A position with a checksum means that the format record is lost.
  if (!bytes && position && position.length !== UNSEALED_POSITION_BYTES) throw corrupt(path, 'its format is missing')
  const format = bytes ? fromU64(unseal(FORMAT_KEY, bytes)) : position ? 1 : undefined
  if (format === FORMAT) return
  if (format === undefined) return void put(root, FORMAT_KEY, u64(FORMAT))
  const what = `${path} has format ${format} of the ledger, and this version of floodmark reads ${FORMAT}`
  const todo = 'go on with the version that wrote it, or choose another folder'
  throw new FloodmarkError('misuse', `${what}. It is not damaged, and nothing was changed: ${todo}`)
}

export function put(table: LmdbTable, key: Buffer, value: Uint8Array): void {
  table.putSync(key, seal(key, value))
}

function full(path: string, mapBytes: number): FloodmarkError {
  const what = `${path} is near the ${mapBytes / 1024 ** 2} MiB that this process can map`
  return new FloodmarkError('unavailable', `${what}: raise its limit of address space (ulimit -v), and start again`)
}
