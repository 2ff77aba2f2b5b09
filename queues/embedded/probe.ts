import { closeSync, fdatasync, rmSync, writeSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openPrivate } from '../../src/core/base/private-files.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'

const sync = promisify(fdatasync)

/**
 * Writes and syncs so many bytes in the folder, then deletes them. @throws FloodmarkError 'overloaded' when less than
 * `reserveBytes` would be left, 'unavailable' when the disk cannot be written.
 */
export async function probeDisk(folder: string, bytes: number, reserveBytes: number): Promise<void> {
  const path = join(folder, 'probe')
  try {
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize < reserveBytes) {
      throw new FloodmarkError('overloaded', `the disk of ${folder} has ${bavail * bsize} bytes left: make room there`)
    }
    const file = openPrivate(path, 'w')
    try {
      writeSync(file, Buffer.alloc(bytes))
      await sync(file)
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    if (cause instanceof FloodmarkError) throw cause
    throw new FloodmarkError('unavailable', `cannot write in ${folder}: ${messageOf(cause)}`, { cause })
  } finally {
    rmSync(path, { force: true })
  }
}
