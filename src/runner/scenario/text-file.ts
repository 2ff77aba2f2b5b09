import { FloodmarkError } from '../../core/contracts/errors.ts'

export type TextEncoding = 'utf8' | 'utf16le'

const ZIPPED = [
  { start: [0x1f, 0x8b], name: 'gzip' },
  { start: [0x50, 0x4b, 3, 4], name: 'a zip file' },
  { start: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd' },
  { start: [0x42, 0x5a, 0x68], name: 'bzip2' },
  { start: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: 'xz' },
] as const

/**
 * How a person's text file is written, by its first bytes: editors and shells of Windows write UTF-16.
 * @throws FloodmarkError 'misuse' that names the file where it is no text that can be read.
 */
export function encodingOf(start: Uint8Array, name: string): TextEncoding {
  const begins = (bytes: readonly number[]) =>
    start.length >= bytes.length && bytes.every((byte, at) => start[at] === byte)
  const zipped = ZIPPED.find((one) => begins(one.start))
  if (zipped) throw new FloodmarkError('misuse', `${name} is ${zipped.name}: unpack it first`)
  if (begins([0xfe, 0xff]) || (start.length > 1 && start[0] === 0)) {
    throw new FloodmarkError('misuse', `${name} is UTF-16 in big-endian order: save it as UTF-8`)
  }
  return begins([0xff, 0xfe]) || (start.length > 1 && start[1] === 0) ? 'utf16le' : 'utf8'
}

/** The text of a person's file, without its byte order mark. @throws FloodmarkError 'misuse' as `encodingOf`. */
export function decodeText(bytes: Buffer, name: string): string {
  return withoutMark(bytes.toString(encodingOf(bytes, name)))
}

export function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text
}
