import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { decodeText } from '../../runner/scenario/text-file.ts'
import type { Elsewhere } from './config.ts'

/** Longer than any secret or address. */
const TEXT_BYTES_MAX = 64 * 1024

/**
 * The text at its place, without the line end that editors leave behind it. `what` it is, in an error: a text is never quoted.
 * @throws FloodmarkError 'misuse' where there is none.
 */
export function readElsewhere(place: Elsewhere, what: string, folder: string, env: NodeJS.ProcessEnv): string {
  const wrong = (why: string) => new FloodmarkError('misuse', `${what}: ${why}`)
  if ('env' in place) {
    const text = env[place.env]
    if (!text) throw wrong(`the environment variable ${place.env} is ${text === '' ? 'empty' : 'not set'}: set it`)
    return text
  }
  let text: string
  try {
    const bytes = readFileSync(resolve(folder, place.file))
    if (bytes.length > TEXT_BYTES_MAX)
      throw wrong(`${place.file} has ${bytes.length} bytes: give a file with nothing else`)
    text = decodeText(bytes, place.file).replace(/\r?\n$/, '')
  } catch (cause) {
    if (cause instanceof FloodmarkError) throw cause
    const { code } = cause as NodeJS.ErrnoException
    throw wrong(`the file ${place.file} cannot be read (${code}): give one that can`)
  }
  if (text === '') throw wrong(`the file ${place.file} is empty: write it there`)
  return text
}
