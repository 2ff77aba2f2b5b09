import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { storageOf } from '../src/core/base/storage.ts'

/** A folder in memory, and why there is none. */
export const MEMORY = '/dev/shm'
export const noMemory =
  existsSync(MEMORY) && storageOf(MEMORY).fileSystem === 'tmpfs' ? undefined : `there is no tmpfs at ${MEMORY} (Linux)`
/** Why the folder for temporary files shows nothing of a real device. */
export const noDevice =
  storageOf(tmpdir()).medium === 'device' ? undefined : `${tmpdir()} is on no device (TMPDIR=<a folder that is>)`
