import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { storageOf } from '../src/core/base/storage.ts'

/** A folder in memory, and why there is none. */
export const MEMORY = '/dev/shm'
export const noMemory =
  existsSync(MEMORY) && storageOf(MEMORY).fileSystem === 'tmpfs' ? undefined : `there is no tmpfs at ${MEMORY} (Linux)`
/** Why the folder for temporary files shows nothing of a real device. */
export const noDevice =
  storageOf(tmpdir()).medium === 'device' ? undefined : `${tmpdir()} is on no device (TMPDIR=<a folder that is>)`

/** Builds a library that makes every sync a call that does nothing, as CI systems do to save time. */
export function noSyncs(): { readonly path: string; readonly missing: string | undefined } {
  const folder = mkdtempSync(join(tmpdir(), 'floodmark-no-syncs-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const source = join(folder, 'no-syncs.c')
  const path = join(folder, 'no-syncs.so')
  writeFileSync(
    source,
    'int fsync(int f){return 0;} int fdatasync(int f){return 0;} int msync(void*a,unsigned long b,int c){return 0;}',
  )
  if (process.platform !== 'linux') return { path, missing: 'preloading a library is shown on Linux only' }
  try {
    execFileSync('cc', ['-w', '-shared', '-fPIC', '-o', path, source], { stdio: 'pipe' })
    return { path, missing: undefined }
  } catch {
    return { path, missing: 'there is no C compiler (apt-get install gcc)' }
  }
}
