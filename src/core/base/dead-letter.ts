import type { DeadLetter } from '../contracts/ledger.ts'
import { decode, encodedBytes, encodeInto } from './codec.ts'

/*
 * A dead letter as bytes, little endian: f64 atMs | u32 failures | u16 reason, bytes | reason | event (codec.ts)
 * What a ledger on a server knows only there, the time and the count, comes first.
 */
export const DEAD_LETTER_HEAD_BYTES = 12

export function encodeDeadLetter(letter: DeadLetter): Buffer {
  const reasonBytes = Buffer.byteLength(letter.reason)
  const eventAt = DEAD_LETTER_HEAD_BYTES + 2 + reasonBytes
  const bytes = Buffer.allocUnsafe(eventAt + encodedBytes(letter.event))
  bytes.writeDoubleLE(letter.atMs, 0)
  bytes.writeUInt32LE(letter.failures, 8)
  bytes.writeUInt16LE(reasonBytes, 12)
  bytes.write(letter.reason, 14)
  encodeInto(letter.event, bytes, eventAt)
  return bytes
}

/** @throws FloodmarkError 'corrupt' where the bytes hold no event. */
export function decodeDeadLetter(bytes: Buffer): DeadLetter {
  const eventAt = DEAD_LETTER_HEAD_BYTES + 2 + bytes.readUInt16LE(12)
  return {
    atMs: bytes.readDoubleLE(0),
    failures: bytes.readUInt32LE(8),
    reason: bytes.toString('utf8', 14, eventAt),
    event: decode(bytes.subarray(eventAt)),
  }
}
