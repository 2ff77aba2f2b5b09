import { crc32 } from 'node:zlib'
import type { WebhookEvent } from '../contracts/event.ts'

/** Header of an event whose copies are not compared by their whole bodies: the digest that its provider gave (Identity.digest). */
export const DIGEST_HEADER = 'x-floodmark-digest'
/** Nothing about its copies can be compared. */
export const NOT_COMPARED = 'none'

/** A CRC-32 of the parts, one after the other: it finds mistakes. An adversary could not sign another body anyway. */
export function digestOfParts(...parts: readonly (string | Uint8Array)[]): number {
  let digest = 0
  for (const part of parts) digest = crc32(part, digest)
  return digest
}

/** What tells two bodies under one id apart; undefined where nothing can. */
export function digestOf({ headers, body }: Pick<WebhookEvent, 'headers' | 'body'>): number | undefined {
  const given = headers[DIGEST_HEADER]
  if (given === undefined) return crc32(body)
  return given === NOT_COMPARED ? undefined : Number.parseInt(given, 16)
}

/** Whether an event's body is another one than that of the event that was settled under its id, by what is known of both. */
export function differsFrom(settled: number | undefined, event: Pick<WebhookEvent, 'headers' | 'body'>): boolean {
  if (settled === undefined) return false
  const own = digestOf(event)
  return own !== undefined && own !== settled
}
