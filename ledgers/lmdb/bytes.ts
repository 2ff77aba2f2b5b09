import { crc32 } from 'node:zlib'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'

/*
 * The layout of the tables' keys and values on disk. Numbers in keys are big endian, so that keys sort by them.
 */

const CHECKSUM_BYTES = 4

/** The state of an id: how often it failed, when its mark expires (Unix ms), or where its dead letter lies. */
export const FAILED = 1
export const APPLIED = 2
export const BURIED = 3
export interface State {
  readonly kind: typeof FAILED | typeof APPLIED | typeof BURIED
  readonly value: number
  /** When a failed event first failed, in Unix ms. Absent where an earlier version wrote the state. */
  readonly sinceMs?: number | undefined
  /** Tries since the last settlement that were in hand when a process died. */
  readonly lostTries?: number
  /** The digest of a settled event's body (base/copy-digest.ts). Absent where nothing is compared, or where an earlier version wrote the state. */
  readonly digest?: number | undefined
  /** A mark has these: what one of several effects made of the event (base/marks.ts), and when. 0: nothing is kept. */
  readonly handled?: number
  readonly settledMs?: number
}

/**
 * So many bytes has a state with nothing else, with a digest, with the time of the first failure, and also with lost tries. A mark
 * with what an effect made of it has that and the time between the plain part and the digest, which may be absent.
 */
const STATE_BYTES = { plain: 9, digest: 13, sinceMs: 17, lostTries: 25, handled: 21, handledDigest: 26 } as const

/** Its length says what it has. A failed event has no digest, and a settled one needs nothing else. */
export function encodeState(state: State): Buffer {
  const { kind, value, sinceMs, lostTries = 0, digest } = state
  if (state.handled) return encodeHandled(state)
  const what =
    lostTries > 0 ? 'lostTries' : sinceMs !== undefined ? 'sinceMs' : digest !== undefined ? 'digest' : 'plain'
  const bytes = Buffer.allocUnsafe(STATE_BYTES[what])
  bytes[0] = kind
  bytes.writeDoubleLE(value, 1)
  if (what === 'digest') bytes.writeUInt32LE(digest!, STATE_BYTES.plain)
  if (bytes.length >= STATE_BYTES.sinceMs) bytes.writeDoubleLE(sinceMs ?? 0, STATE_BYTES.plain)
  if (what === 'lostTries') bytes.writeDoubleLE(lostTries, STATE_BYTES.sinceMs)
  return bytes
}
/** A last byte beside the digest makes it as long as no other state is. */
function encodeHandled({ kind, value, digest, handled = 0, settledMs = 0 }: State): Buffer {
  const bytes = Buffer.alloc(digest === undefined ? STATE_BYTES.handled : STATE_BYTES.handledDigest)
  bytes[0] = kind
  bytes.writeDoubleLE(value, 1)
  bytes.writeUInt32LE(handled, STATE_BYTES.plain)
  bytes.writeDoubleLE(settledMs, STATE_BYTES.plain + 4)
  if (digest !== undefined) bytes.writeUInt32LE(digest, STATE_BYTES.handled)
  return bytes
}

export function decodeState(bytes: Buffer): State {
  const { plain, digest, sinceMs, lostTries, handled, handledDigest } = STATE_BYTES
  if (bytes.length === handled || bytes.length === handledDigest) {
    return {
      kind: bytes[0] as State['kind'],
      value: bytes.readDoubleLE(1),
      handled: bytes.readUInt32LE(plain),
      settledMs: bytes.readDoubleLE(plain + 4),
      digest: bytes.length === handled ? undefined : bytes.readUInt32LE(handled),
    }
  }
  return {
    kind: bytes[0] as State['kind'],
    value: bytes.readDoubleLE(1),
    digest: bytes.length === digest ? bytes.readUInt32LE(plain) : undefined,
    sinceMs: bytes.length < sinceMs ? undefined : bytes.readDoubleLE(plain) || undefined,
    lostTries: bytes.length < lostTries ? 0 : bytes.readDoubleLE(sinceMs),
  }
}

/** The bytes stored under a key: the value, then a u32 checksum of key and value. LMDB itself has no checksums. */
export function seal(key: Buffer, value: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(value.length + CHECKSUM_BYTES)
  bytes.set(value)
  bytes.writeUInt32LE(crc32(value, crc32(key)), value.length)
  return bytes
}
/** A view of the value. @throws FloodmarkError 'corrupt' when key and value were not stored together. */
export function unseal(key: Buffer, bytes: Buffer): Buffer {
  const value = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES))
  const whole = bytes.length >= CHECKSUM_BYTES && crc32(value, crc32(key)) === bytes.readUInt32LE(value.length)
  if (whole) return value
  const what = `the ledger's entry ${JSON.stringify(key.toString())} is not what was stored: the disk changed it`
  throw new FloodmarkError('corrupt', `${what}. Stop, and restore the ledger from a copy`)
}

export function u64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64BE(BigInt(Math.ceil(value)))
  return bytes
}
export function fromU64(bytes: Buffer): number {
  return Number(bytes.readBigUInt64BE())
}

/** name NUL u64 position. */
export function itemKey(name: Buffer, position: number): Buffer {
  const key = Buffer.allocUnsafe(name.length + 9)
  name.copy(key)
  key[name.length] = 0
  key.writeUInt32BE(Math.floor(position / 2 ** 32), name.length + 1)
  key.writeUInt32BE(position >>> 0, name.length + 5)
  return key
}
export function nameOf(key: Buffer): string {
  return key.toString('utf8', 0, key.length - 9)
}

/** Byte strings one after the other, each with its u32 length before it. */
export function pack(parts: readonly (string | Uint8Array)[]): Buffer {
  let bytes = 0
  for (const part of parts) bytes += 4 + (typeof part === 'string' ? Buffer.byteLength(part) : part.length)
  const packed = Buffer.allocUnsafe(bytes)
  let at = 0
  for (const part of parts) {
    let length = part.length
    if (typeof part === 'string') length = packed.write(part, at + 4)
    else packed.set(part, at + 4)
    packed.writeUInt32LE(length, at)
    at += 4 + length
  }
  return packed
}
/** Views into `packed`. */
export function* unpack(packed: Buffer): Generator<Buffer> {
  for (let at = 0; at < packed.length; ) {
    const from = at + 4
    at = from + packed.readUInt32LE(at)
    yield packed.subarray(from, at)
  }
}
