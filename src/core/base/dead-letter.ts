import { FloodmarkError } from '../contracts/errors.ts'
import type { WebhookEvent } from '../contracts/event.ts'
import { BURIED_CAUSES, type DeadLetter, KEPT_COPIES } from '../contracts/ledger.ts'
import { decode, encodedBytes, encodeInto } from './codec.ts'

/*
 * A dead letter as bytes, little endian: f64 atMs | u32 failures | u16 cause (4 bits) and bytes of the reason (12) | reason | event
 * What a ledger on a server knows only there, the time and the count, comes first. Earlier versions left the cause's bits 0.
 */
export const DEAD_LETTER_HEAD_BYTES = 12
const REASON_BITS = 12
const REASON_BYTES_MAX = 2 ** REASON_BITS - 1

/** @throws FloodmarkError 'misuse' for a reason above 4,095 bytes. */
export function encodeDeadLetter(letter: DeadLetter): Buffer {
  const reasonBytes = Buffer.byteLength(letter.reason)
  if (reasonBytes > REASON_BYTES_MAX) {
    throw new FloodmarkError(
      'misuse',
      `a dead letter's reason has ${reasonBytes} bytes: give at most ${REASON_BYTES_MAX}`,
    )
  }
  const eventAt = DEAD_LETTER_HEAD_BYTES + 2 + reasonBytes
  const bytes = Buffer.allocUnsafe(eventAt + encodedBytes(letter.event))
  bytes.writeDoubleLE(letter.atMs, 0)
  bytes.writeUInt32LE(letter.failures, 8)
  bytes.writeUInt16LE((BURIED_CAUSES.indexOf(letter.cause) << REASON_BITS) | reasonBytes, DEAD_LETTER_HEAD_BYTES)
  bytes.write(letter.reason, DEAD_LETTER_HEAD_BYTES + 2)
  encodeInto(letter.event, bytes, eventAt)
  return bytes
}

/** @throws FloodmarkError 'corrupt' where the bytes hold no event. */
export function decodeDeadLetter(bytes: Buffer): DeadLetter {
  const head = bytes.readUInt16LE(DEAD_LETTER_HEAD_BYTES)
  const eventAt = DEAD_LETTER_HEAD_BYTES + 2 + (head & REASON_BYTES_MAX)
  return {
    atMs: bytes.readDoubleLE(0),
    failures: bytes.readUInt32LE(8),
    cause: BURIED_CAUSES[head >> REASON_BITS] ?? 'unknown',
    reason: bytes.toString('utf8', DEAD_LETTER_HEAD_BYTES + 2, eventAt),
    event: decode(bytes.subarray(eventAt)),
  }
}

/** A copy that differs in the form in which ledgers store it, which is that of a dead letter. Its body is cut where it is long. */
export function keptAs(event: WebhookEvent, atMs: number): DeadLetter {
  const body = event.body.subarray(0, KEPT_COPIES.bodyBytesMax)
  return { event: { ...event, body }, cause: 'unknown', reason: '', failures: 0, atMs }
}
