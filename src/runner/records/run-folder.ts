import { existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileError } from '../../core/base/kit/file-refusal.ts'
import { keepPrivate, makePrivateFolder, makePrivateFolderFirst, writePrivate } from '../../core/base/private-files.ts'
import { shortName } from '../../core/base/short-name.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'

/** What queue and ledger keep while a run lasts. Whoever makes it owns the run's folder: only one of two runs can. */
export const dataPath = (folder: string) => join(folder, 'data')

/** Beyond so many runs of one second and one name something else is wrong. */
const SAME_NAME_MAX = 1_000

/** A folder that belongs to one run alone. */
export interface RunFolder {
  readonly path: string
  /** Removes what the run has left there: it came to nothing. */
  discard(): void
}

/** The folder that a person named. @throws FloodmarkError 'misuse' when it holds something or another run has it, 'unavailable' when it cannot be made. */
export function takeRunFolder(folder: string): RunFolder {
  const isNew = !existsSync(folder)
  const taken = orUnavailable(folder, () => {
    makePrivateFolder(folder)
    if (readdirSync(folder).length > 0 || !makePrivateFolderFirst(dataPath(folder))) return false
    keepPrivate(folder)
    return true
  })
  if (taken) return { path: folder, discard: () => discard(folder, isNew) }
  throw new FloodmarkError(
    'misuse',
    `${folder} holds something already: choose another --out, so that no run is overwritten`,
  )
}

/** The folder that a person named, else a new one in reports/, named by the time and by `names`. @throws as these two. */
export function runFolder(named: string | undefined, names: readonly string[]): RunFolder {
  if (named !== undefined) return takeRunFolder(named)
  const stamp = new Date().toISOString().replace(/[:.]/g, '-').slice(0, 19)
  return newRunFolder(join('reports', [stamp, ...names.map(shortName)].join('-')))
}

/** A new folder of this name, or with a number behind it where another run has the name. @throws FloodmarkError 'unavailable'. */
export function newRunFolder(name: string): RunFolder {
  const path = orUnavailable(name, () => {
    makePrivateFolder(dirname(name))
    for (let at = 1; at <= SAME_NAME_MAX; at++) {
      const folder = at === 1 ? name : `${name}-${at}`
      if (makePrivateFolderFirst(folder) && makePrivateFolderFirst(dataPath(folder))) return folder
    }
    throw new Error(`there are ${SAME_NAME_MAX} of that name`)
  })
  return { path, discard: () => discard(path, true) }
}

/** Zeros of a run's own: for what its stack still has to store, and for its report, which the stack must not take. */
const RESERVES = { drain: 'reserve.bin', report: 'reserve-report.bin' } as const
const MIB = 2 ** 20
const RESERVE_BYTES = { least: 8 * MIB, anEvent: 50, most: 64 * MIB }

/**
 * Keeps room for the records of so many events, so that a disk that becomes full meanwhile leaves enough to drain, and then for
 * a report. Returns what gives it back: for the report only once the stack has stopped. @throws FloodmarkError 'unavailable' where there is not even that.
 */
export function reserveRoom(folder: string, events: number, purpose: keyof typeof RESERVES): () => void {
  const { least, anEvent, most } = RESERVE_BYTES
  const bytes = Math.min(most, least + Math.ceil(events) * anEvent)
  const path = join(folder, RESERVES[purpose])
  try {
    writePrivate(path, Buffer.alloc(bytes))
  } catch (cause) {
    rmSync(path, { force: true })
    const what = `there is no room for the records of a run in ${folder} (${messageOf(cause)})`
    throw new FloodmarkError('unavailable', `${what}: make room, or choose another --out`, { cause })
  }
  return () => rmSync(path, { force: true })
}

function discard(folder: string, whole: boolean): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true })
  if (whole) rmSync(folder, { recursive: true, force: true })
}

function orUnavailable<T>(folder: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw fileError(`cannot make ${folder}`, cause)
  }
}
