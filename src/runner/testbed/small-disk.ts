import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { makePrivateFolder } from '../../core/base/private-files.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'

const FILLER = 'filler'
const CHUNK = Buffer.alloc(256 * 1024)

/** A file system of the run's own, small enough to be filled on purpose. */
export interface SmallDisk {
  /** Resolves when nothing more can be written, with a function that makes room again. */
  fill(): Promise<() => void>
  remove(): void
}

/** Mounts one in memory at the folder. @throws FloodmarkError 'unavailable' where that is not allowed. */
export function mountSmallDisk(folder: string, mebibytes: number): SmallDisk {
  makePrivateFolder(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder], { stdio: 'pipe' })
  } catch (cause) {
    const what = `this scenario fills a disk and needs one of its own, which could not be mounted at ${folder}`
    throw new FloodmarkError('unavailable', `${what}: run it as root on Linux (${messageOf(cause).split('\n')[0]})`, {
      cause,
    })
  }
  const filler = join(folder, FILLER)
  return {
    async fill() {
      const file = await open(filler, 'w')
      try {
        for (;;) await file.write(CHUNK)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      } finally {
        await file.close()
      }
      return () => rmSync(filler, { force: true })
    },
    remove: () => void execFileSync('umount', ['-l', folder], { stdio: 'pipe' }),
  }
}
