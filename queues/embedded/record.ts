import { crc32 } from 'node:zlib'

/*
 * A record of the log, little endian:
 *   0 u32 magic | 4 u32 crc32 of all that follows | 8 u32 payload bytes | 12 u32 epoch | 16 f64 number | 24 f64 durable | 32 u8 kind | 33 … 39 zero
 *   40 payload
 * number: consecutive over the log's life. epoch: raised at each opening, so that what an earlier life left behind in a
 * segment used again, or behind a torn tail, is never taken for new. durable: the last number known to be on disk when
 * this record was made: a hole below it is damage, a hole above it is a group that never was acknowledged.
 */
const MAGIC = Buffer.from('FML1', 'latin1')
export const RECORD_HEAD_BYTES = 40
export const EVENT = 1
export const ACKS = 2

export interface RecordHead {
  readonly number: number
  readonly epoch: number
  readonly durable: number
  readonly kind: number
  readonly payloadBytes: number
}

/** Fills in the head before a payload that already lies at `at + RECORD_HEAD_BYTES`. */
export function seal(buffer: Buffer, at: number, head: RecordHead): void {
  const end = at + RECORD_HEAD_BYTES + head.payloadBytes
  MAGIC.copy(buffer, at)
  buffer.writeUInt32LE(head.payloadBytes, at + 8)
  buffer.writeUInt32LE(head.epoch, at + 12)
  buffer.writeDoubleLE(head.number, at + 16)
  buffer.writeDoubleLE(head.durable, at + 24)
  buffer.fill(0, at + 32, at + RECORD_HEAD_BYTES)
  buffer[at + 32] = head.kind
  buffer.writeUInt32LE(crc32(buffer.subarray(at + 8, end)), at + 4)
}

/** The head of a whole, undamaged record at `at`; undefined otherwise. */
export function unseal(buffer: Buffer, at: number): RecordHead | undefined {
  if (at + RECORD_HEAD_BYTES > buffer.length || buffer.compare(MAGIC, 0, 4, at, at + 4) !== 0) return undefined
  const payloadBytes = buffer.readUInt32LE(at + 8)
  const end = at + RECORD_HEAD_BYTES + payloadBytes
  if (end > buffer.length || crc32(buffer.subarray(at + 8, end)) !== buffer.readUInt32LE(at + 4)) return undefined
  return {
    payloadBytes,
    epoch: buffer.readUInt32LE(at + 12),
    number: buffer.readDoubleLE(at + 16),
    durable: buffer.readDoubleLE(at + 24),
    kind: buffer[at + 32]!,
  }
}

/** Whole records anywhere from `at` on, found by their magic. */
export function* recordsFrom(buffer: Buffer, at: number): Generator<RecordHead> {
  for (let found = buffer.indexOf(MAGIC, at); found !== -1; found = buffer.indexOf(MAGIC, found + 1)) {
    const head = unseal(buffer, found)
    if (head) yield head
  }
}
