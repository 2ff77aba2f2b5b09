import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { DIGEST_HEADER } from '../../core/base/copy-digest.ts'
import type { WebhookEvent } from '../../core/contracts/event.ts'

/** What an event consists of, in short: the plan's digests and those of what took effect are compared field by field. */
export interface ContentDigests {
  /** 8 bytes of SHA-256; the others are CRC-32. */
  readonly body: Buffer
  readonly id: number
  readonly key: number
  readonly type: number
  readonly source: number
  readonly headers: number
}

export const BODY_DIGEST_BYTES = 8

/** `timed`: names of headers that tell when a request was signed. Of these only the name counts. */
export function contentDigests(
  { body, id, key, type, source, headers }: Omit<WebhookEvent, 'receivedAtMs'>,
  timed: readonly string[] = [],
): ContentDigests {
  return {
    body: hash('sha256', body, 'buffer').subarray(0, BODY_DIGEST_BYTES),
    id: textDigest(id),
    key: textDigest(key),
    type: textDigest(type),
    source: textDigest(source),
    headers: headersDigest(headers, timed),
  }
}

export function textDigest(text: string): number {
  return crc32(text)
}

/** Headers that tell of a request's way and not of the event. The digest by which a list's events are compared is no part of it either. */
const TRANSPORT = [DIGEST_HEADER, 'host', 'content-type', 'content-length', 'content-encoding', 'user-agent']

function headersDigest(headers: Readonly<Record<string, string>>, timed: readonly string[]): number {
  const names = Object.keys(headers).filter((name) => !TRANSPORT.includes(name))
  if (names.length === 0) return 0
  const lines = names.sort().map((name) => JSON.stringify([name, timed.includes(name) ? null : headers[name]]))
  return crc32(lines.join('\n'))
}
