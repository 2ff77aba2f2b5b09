import { closeSync, fsyncSync, writeSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { openPrivate, syncFolderSync } from '../base/private-files.ts'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'

/** A file of JSON lines that payloads are entrusted to: for its owner's eyes only, on the disk when sync returns. */
export class LinesFile {
  readonly #file: number
  readonly #path: string

  /** @throws FloodmarkError 'misuse' where the file is there already, 'unavailable' where it cannot be written. */
  constructor(path: string, flags: 'wx' | 'a' = 'wx') {
    this.#path = path
    try {
      this.#file = openPrivate(path, flags)
      syncFolderSync(dirname(resolve(path)))
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
        throw new FloodmarkError('misuse', `${path} is there already: name another file`, { cause })
      }
      throw new FloodmarkError('unavailable', `cannot write ${path}: ${messageOf(cause)}`, { cause })
    }
  }

  add(line: unknown): void {
    this.#try(() => {
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
    })
  }

  sync(): void {
    this.#try(() => fsyncSync(this.#file))
  }

  close(): void {
    closeSync(this.#file)
  }

  #try(work: () => void): void {
    try {
      work()
    } catch (cause) {
      throw new FloodmarkError('unavailable', `cannot write ${this.#path}: ${messageOf(cause)}`, { cause })
    }
  }
}
