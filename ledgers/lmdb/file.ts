import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { openPrivate } from '../../src/core/base/private-files.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'

/** The offset, in the first of the two meta pages, of the number that marks an LMDB file and of the shape of its pages. */
const MAGIC_AT = 24
const MAGIC = 0xbeefc0de
const VERSION = 2
const PAGE_BYTES_AT = 0x30
const LAST_PAGE_AT = 0x90

/** Makes LMDB's files private: LMDB would make them readable for everybody. True when the ledger's file is new. */
export function makeFiles(path: string): boolean {
  let isNew = false
  for (const name of [path, `${path}-lock`]) {
    const file = openPrivate(name, 'a')
    isNew ||= name === path && fstatSync(file).size === 0
    closeSync(file)
  }
  return isNew
}

/**
 * Checks a file before LMDB maps it into this process: LMDB ends the process when the file is not one of its own.
 * @throws FloodmarkError 'corrupt'
 */
export function checkFile(path: string): void {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    const { size } = fstatSync(file)
    if (size === 0) return
    const head = Buffer.alloc(LAST_PAGE_AT + 8)
    const read = readSync(file, head, 0, head.length, 0)
    const ours = read === head.length && head.readUInt32LE(MAGIC_AT) === MAGIC
    if (!ours || head.readUInt32LE(MAGIC_AT + 4) !== VERSION)
      throw corrupt(path, 'it is not an LMDB file of this version')
    // The last pages need not have been written. So a whole file may be a little shorter.
    const whole = Number(head.readBigUInt64LE(LAST_PAGE_AT)) * head.readUInt32LE(PAGE_BYTES_AT)
    if (size < whole / 2) throw corrupt(path, `it has ${size} bytes, and should have ${whole}`)
  } finally {
    closeSync(file)
  }
}

export function corrupt(path: string, why: string): FloodmarkError {
  return new FloodmarkError('corrupt', `${path} is damaged (${why}): restore it from a copy, or choose another folder`)
}
