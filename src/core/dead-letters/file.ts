import { closeSync, fsyncSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileError } from '../base/kit/file-refusal.ts'
import { openPrivate, syncFolderSync } from '../base/private-files.ts'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'

/** A file of JSON lines that payloads are entrusted to: for its owner's eyes only, on the disk when sync returns. */
export class LinesFile {
  readonly #file: number
  readonly #path: string

  /**
   * 'a' goes on with a file, behind its last whole line: a torn one is cut off, so that the next has a line of its own.
   * @throws FloodmarkError 'misuse' where a new file is there already, 'unavailable' where it cannot be written.
   */
  constructor(path: string, flags: 'wx' | 'a' = 'wx') {
    this.#path = path
    try {
      if (flags === 'a') truncateSync(path, wholeBytes(readFileSync(path)))
      this.#file = openPrivate(path, flags)
      syncFolderSync(dirname(resolve(path)))
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
        throw new FloodmarkError('misuse', `${path} is there already: name another file`, { cause })
      }
      throw fileError(`cannot write ${path}`, cause)
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

/** The lines of such a file. A torn last one, where its writer was cut short, is none. @throws as readFileSync. */
export function wholeLines(path: string): string[] {
  const bytes = readFileSync(path)
  return bytes.toString('utf8', 0, wholeBytes(bytes)).split('\n').slice(0, -1)
}

function wholeBytes(bytes: Buffer): number {
  return bytes.lastIndexOf('\n') + 1
}
