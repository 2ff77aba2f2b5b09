import { hash } from 'node:crypto'
import { FloodmarkError } from '../contracts/errors.ts'
import { EVENT_LIMITS, type WebhookEvent } from '../contracts/event.ts'

/*
 * An event as bytes, little endian, version 1:
 *   u8 version | u8 headers | u16 id | u16 key | u8 source | u8 type | u32 body | f64 receivedAtMs   (lengths in bytes)
 *   id key source type | headers × (u8 name, u16 value, name, value) | body
 */
const VERSION = 1
const HEAD_BYTES = 20
const HEADER_BYTES = 3
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** How many bytes `encodeInto` writes for it. */
export function encodedBytes(event: WebhookEvent): number {
  let bytes = HEAD_BYTES + event.body.length
  bytes += Buffer.byteLength(event.id) + Buffer.byteLength(event.key)
  bytes += Buffer.byteLength(event.source) + Buffer.byteLength(event.type)
  for (const name in event.headers)
    bytes += HEADER_BYTES + Buffer.byteLength(name) + Buffer.byteLength(event.headers[name]!)
  return bytes
}

/** Writes the event at `offset`; returns where it ends. The event is within EVENT_LIMITS and the target has room: else FloodmarkError 'misuse'. */
export function encodeInto(event: WebhookEvent, target: Buffer, offset: number): number {
  let at = offset + HEAD_BYTES
  const put = (text: string, bytesMax: number, what: string): number => {
    const written = target.write(text, at)
    if (written > bytesMax || (written === 0 && what !== 'header value'))
      throw new FloodmarkError('misuse', `an event's ${what} has ${written} bytes, allowed are 1-${bytesMax}`)
    at += written
    return written
  }
  target[offset] = VERSION
  target.writeUInt16LE(put(event.id, EVENT_LIMITS.storedIdBytesMax, 'id'), offset + 2)
  target.writeUInt16LE(put(event.key, EVENT_LIMITS.keyBytesMax, 'key'), offset + 4)
  target[offset + 6] = put(event.source, EVENT_LIMITS.sourceBytesMax, 'source')
  target[offset + 7] = put(event.type, EVENT_LIMITS.typeBytesMax, 'type')
  let headers = 0
  for (const name in event.headers) {
    const headAt = at
    at += HEADER_BYTES
    target[headAt] = put(name, EVENT_LIMITS.headerNameBytesMax, 'header name')
    target.writeUInt16LE(put(event.headers[name]!, EVENT_LIMITS.headerValueBytesMax, 'header value'), headAt + 1)
    headers++
  }
  if (headers > EVENT_LIMITS.storedHeadersMax || event.body.length > EVENT_LIMITS.bodyBytesMax) {
    throw new FloodmarkError('misuse', 'an event is above the limits of EVENT_LIMITS')
  }
  target[offset + 1] = headers
  target.writeUInt32LE(event.body.length, offset + 8)
  target.writeDoubleLE(event.receivedAtMs, offset + 12)
  target.set(event.body, at)
  return at + event.body.length
}

export function encode(event: WebhookEvent): Buffer {
  const bytes = Buffer.allocUnsafe(encodedBytes(event))
  encodeInto(event, bytes, 0)
  return bytes
}

/** What an event's lane needs of it. The bytes are known to be those that were written. @throws FloodmarkError 'corrupt' for another version. */
function decodeHead(bytes: Buffer): Pick<WebhookEvent, 'key' | 'source' | 'receivedAtMs'> {
  if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION) throw corrupt(`its version is ${bytes[0]}, not ${VERSION}`)
  const keyAt = HEAD_BYTES + bytes.readUInt16LE(2)
  const sourceAt = keyAt + bytes.readUInt16LE(4)
  const source = bytes.toString('utf8', sourceAt, sourceAt + bytes[6]!)
  return { key: bytes.toString('utf8', keyAt, sourceAt), source, receivedAtMs: bytes.readDoubleLE(12) }
}

/** The event in exactly these bytes; its body is a view into them. @throws FloodmarkError 'corrupt' on anything else. */
export function decode(source: Uint8Array): WebhookEvent {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength)
  if (bytes.length < HEAD_BYTES) throw corrupt('it is too short')
  if (bytes[0] !== VERSION) throw corrupt(`its version is ${bytes[0]}, not ${VERSION}`)
  let at = HEAD_BYTES
  const take = (length: number, least: number, most: number, what: string): Buffer => {
    if (length < least || length > most) throw corrupt(`its ${what} has ${length} bytes`)
    if (at + length > bytes.length) throw corrupt(`it ends within its ${what}`)
    at += length
    return bytes.subarray(at - length, at)
  }
  const text = (length: number, least: number, most: number, what: string): string => {
    try {
      return utf8.decode(take(length, least, most, what))
    } catch (cause) {
      throw cause instanceof FloodmarkError ? cause : corrupt(`its ${what} is not UTF-8`)
    }
  }
  const id = text(bytes.readUInt16LE(2), 1, EVENT_LIMITS.storedIdBytesMax, 'id')
  const key = text(bytes.readUInt16LE(4), 1, EVENT_LIMITS.keyBytesMax, 'key')
  const from = text(bytes[6]!, 1, EVENT_LIMITS.sourceBytesMax, 'source')
  const type = text(bytes[7]!, 1, EVENT_LIMITS.typeBytesMax, 'type')
  const count = bytes[1]!
  if (count > EVENT_LIMITS.storedHeadersMax) throw corrupt(`it has ${count} headers`)
  const headers: [string, string][] = []
  for (let header = 0; header < count; header++) {
    const head = take(HEADER_BYTES, HEADER_BYTES, HEADER_BYTES, 'headers')
    const name = text(head[0]!, 1, EVENT_LIMITS.headerNameBytesMax, 'header name')
    headers.push([name, text(head.readUInt16LE(1), 0, EVENT_LIMITS.headerValueBytesMax, 'header value')])
  }
  const body = take(bytes.readUInt32LE(8), 0, EVENT_LIMITS.bodyBytesMax, 'body')
  if (at !== bytes.length) throw corrupt(`${bytes.length - at} bytes follow it`)
  // fromEntries defines own properties: a header named __proto__ stays a header.
  const receivedAtMs = bytes.readDoubleLE(12)
  return { id, key, source: from, type, receivedAtMs, headers: Object.fromEntries(headers), body }
}

function corrupt(why: string): FloodmarkError {
  return new FloodmarkError('corrupt', `stored bytes are no event: ${why}`)
}

/** Source and type of what stands for a record that is no event. No route may have this source. */
export const UNDECODABLE = 'undecodable'

/** Headers of it: where the record lay, and why it is no event. */
const PLACE_HEADER = 'x-floodmark-place'
const REASON_HEADER = 'x-floodmark-reason'
const HASH_CHARS = 16

/**
 * The event that a queue's record holds. A record of another version, of another program, or a damaged one stands for
 * itself: as an event of a key of its own that is given up before any effect, with its bytes as the body. So it costs only
 * itself. `place`: where it lies in its queue, of which the queue has one. The hash tells it from what lies there later.
 */
export function eventOfRecord(bytes: Uint8Array, place: string, nowMs: number): WebhookEvent {
  try {
    return decode(bytes)
  } catch (error) {
    if (!isCorrupt(error)) throw error
    const key = `${hash('sha256', bytes).slice(0, HASH_CHARS)} ${place}`.slice(0, EVENT_LIMITS.keyBytesMax)
    return {
      id: `${UNDECODABLE}:${key}`,
      key,
      source: UNDECODABLE,
      type: UNDECODABLE,
      receivedAtMs: nowMs,
      headers: { [PLACE_HEADER]: place, [REASON_HEADER]: error.message },
      body: bytes.subarray(0, EVENT_LIMITS.bodyBytesMax),
    }
  }
}

/** The same of a queue that holds text, where an event is base64. What is not ours has its text as the body. */
export function eventOfText(text: string, place: string, nowMs: number): WebhookEvent {
  const event = eventOfRecord(Buffer.from(text, 'base64'), place, nowMs)
  return isUndecodable(event) ? { ...event, body: Buffer.from(text) } : event
}

/** What the event's lane needs of it, where its bytes are known to be those that were written. */
export function headOfRecord(bytes: Buffer): Pick<WebhookEvent, 'key' | 'source' | 'receivedAtMs'> {
  try {
    return decodeHead(bytes)
  } catch (error) {
    if (!isCorrupt(error)) throw error
    return { key: UNDECODABLE, source: UNDECODABLE, receivedAtMs: 0 }
  }
}

/** Whether an event stands for a record that is none. */
export function isUndecodable({ source }: Pick<WebhookEvent, 'source'>): boolean {
  return source === UNDECODABLE
}

/** For people: what is wrong with the record, and where it lay. */
export function whyUndecodable({ headers }: Pick<WebhookEvent, 'headers'>): string {
  return `${headers[REASON_HEADER]} (${headers[PLACE_HEADER]})`
}

/** What a dead letter of a record becomes when it is replayed: the event, where this version can read it. */
export function readAgain(event: WebhookEvent): WebhookEvent | undefined {
  const again = eventOfRecord(event.body, '', 0)
  return isUndecodable(again) ? undefined : again
}

function isCorrupt(error: unknown): error is FloodmarkError {
  return error instanceof FloodmarkError && error.code === 'corrupt'
}
