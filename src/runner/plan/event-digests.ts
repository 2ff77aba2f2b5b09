import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** Short digests of what an event consists of: the plan's and those of what took effect are compared field by field. */

export const BODY_DIGEST_BYTES = 8

export function bodyDigest(body: Uint8Array): Buffer {
  return hash('sha256', body, 'buffer').subarray(0, BODY_DIGEST_BYTES)
}

export function textDigest(text: string): number {
  return crc32(text)
}

/** Of the connection and not of the event: they differ by the way that a request took. */
const TRANSPORT = ['host', 'content-type', 'content-length', 'content-encoding', 'user-agent']

/** `timed`: names of headers that tell when a request was signed. Of these only the name counts. */
export function headersDigest(headers: Readonly<Record<string, string>>, timed: readonly string[]): number {
  const names = Object.keys(headers).filter((name) => !TRANSPORT.includes(name))
  if (names.length === 0) return 0
  const lines = names.sort().map((name) => JSON.stringify([name, timed.includes(name) ? null : headers[name]]))
  return crc32(lines.join('\n'))
}
