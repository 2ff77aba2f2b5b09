import { chmodSync, statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'

/*
 * A lock on a file that the operating system keeps: it ends with the process, however that ends, and all containers of a
 * machine see it, whatever their namespaces. Node has no call for it, but the SQLite in it takes one to begin an exclusive
 * transaction: fcntl on Linux and macOS (which servers of network file systems keep as well), LockFileEx on Windows.
 * The file stays empty. A lock of fcntl's belongs to the process and goes when the process closes any descriptor of
 * the file: nothing but SQLite, which knows of that, may open it.
 */
const BUSY = 5
/** Lower byte of a code: the kind of error. */
const KIND = 0xff
const IO_ERROR = 10

/** Takes the lock; undefined while another has it, in this process as well. Returns what gives it back. @throws FloodmarkError 'unavailable' */
export function lockFile(path: string): (() => void) | undefined {
  const database = new (sqlite().DatabaseSync)(path)
  try {
    const { ino } = statSync(path)
    chmodSync(path, 0o600)
    // The journal of a transaction that never writes would be one more file.
    database.exec('PRAGMA journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE')
    // Whoever held it before may have deleted the folder meanwhile: then this lock is on a file that nobody else will see.
    if (statSync(path, { throwIfNoEntry: false })?.ino === ino) return holding(database)
    database.close()
    return undefined
  } catch (error) {
    database.close()
    const kind = ((error as { errcode?: number }).errcode ?? 0) & KIND
    if (kind === BUSY) return undefined
    if (kind !== IO_ERROR) throw error
    const what = `the file system of ${path} keeps no locks (${messageOf(error)}): choose a folder on a local disk`
    throw new FloodmarkError('unavailable', what, { cause: error })
  }
}

/** Databases that are held: one that is forgotten is closed by the garbage collector, and its lock goes with it. */
const held = new Set<DatabaseSync>()

function holding(database: DatabaseSync): () => void {
  held.add(database)
  return () => {
    if (held.delete(database)) database.close()
  }
}

let loaded: typeof import('node:sqlite') | undefined

/** Node 22 and 24 call SQLite experimental whenever it is loaded. Nothing here depends on what may change: that one warning is not passed on. */
function sqlite(): typeof import('node:sqlite') {
  if (loaded) return loaded
  const emit = process.emitWarning
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!/SQLite is an experimental feature/.test(String(warning))) emit.call(process, warning, ...rest)
  }) as typeof process.emitWarning
  try {
    loaded = process.getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emit
  }
  if (loaded) return loaded
  throw new FloodmarkError(
    'unavailable',
    `this Node (${process.version}) is built without SQLite, which locks folders: use one from nodejs.org, 22.13 or later`,
  )
}
