import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/*
 * The log on disk, little endian. A segment is a head and the groups behind it. It belongs to one life of the log (from an
 * opening to its end) and holds whole groups only.
 *   head:  0 'FMLOG003' | 8 u32 mark | 12 u32 seed | 16 u32 bytes of the segment | 20 … 27 zero
 *         28 u32 crc32 of the 28 bytes before. Format 002, which is read as well, has zeros for the bytes.
 *   group: 0 u32 mark | 4 u32 crc32 of all that follows, begun with seed | 8 u32 payload bytes | 12 u32 acks | 16 u32 events
 *          20 u32 zero | 24 f64 number | 32 f64 durable | 40 f64 number of its first event
 *          48 payload: acks × f64 number of an event, events × (u32 bytes, the event as src/core/base/codec.ts writes it)
 * mark and seed are drawn anew whenever a file becomes a segment, and never leave the file. So a body that imitates a group,
 * or a group from an earlier use of the file, is not taken for a group.
 * number: consecutive over the log's life. durable: the last group known to be on disk when this one was made. A hole up to
 * it is damage. A hole above it is a group that was never acknowledged.
 */
export const FORMAT = '003'
const EARLIER = '002'
const MAGIC = Buffer.from(`FMLOG${FORMAT}`, 'latin1')
export const SEGMENT_HEAD_BYTES = 32
export const GROUP_HEAD_BYTES = 48
export const ACK_BYTES = 8
export const EVENT_HEAD_BYTES = 4

export interface Salt {
  /** Four bytes at the start of every group. Never zero, because empty space is zero. */
  readonly mark: number
  readonly seed: number
}

export interface GroupHead {
  readonly number: number
  readonly durable: number
  readonly firstEvent: number
  readonly acks: number
  readonly events: number
  readonly payloadBytes: number
}

export function newSalt(): Salt {
  const random = randomBytes(8)
  return { mark: (random.readUInt32LE(0) | 1) >>> 0, seed: random.readUInt32LE(4) }
}

export function segmentHead({ mark, seed }: Salt, segmentBytes: number): Buffer {
  const head = Buffer.alloc(SEGMENT_HEAD_BYTES)
  MAGIC.copy(head)
  head.writeUInt32LE(mark, 8)
  head.writeUInt32LE(seed, 12)
  head.writeUInt32LE(segmentBytes, 16)
  head.writeUInt32LE(crc32(head.subarray(0, 28)), 28)
  return head
}

export interface SegmentHead {
  readonly salt: Salt
  /** Undefined where format 002 does not give it. */
  readonly segmentBytes: number | undefined
}

/** The head of a segment; 'damaged', or the name of a format not known here. */
export function segmentHeadOf(segment: Buffer): SegmentHead | string {
  const format = /^FMLOG(\d{3})$/.exec(segment.toString('latin1', 0, 8))?.[1]
  if (segment.length < SEGMENT_HEAD_BYTES || format === undefined) return 'damaged'
  if (format !== FORMAT && format !== EARLIER) return format
  if (crc32(segment.subarray(0, 28)) !== segment.readUInt32LE(28)) return 'damaged'
  const salt = { mark: segment.readUInt32LE(8), seed: segment.readUInt32LE(12) }
  return { salt, segmentBytes: segment.readUInt32LE(16) || undefined }
}

/** Fills in the head at the start of a buffer in which the payload already lies. */
export function sealGroup(buffer: Buffer, head: GroupHead, { mark, seed }: Salt): void {
  buffer.writeUInt32LE(mark, 0)
  buffer.writeUInt32LE(head.payloadBytes, 8)
  buffer.writeUInt32LE(head.acks, 12)
  buffer.writeUInt32LE(head.events, 16)
  buffer.writeUInt32LE(0, 20)
  buffer.writeDoubleLE(head.number, 24)
  buffer.writeDoubleLE(head.durable, 32)
  buffer.writeDoubleLE(head.firstEvent, 40)
  buffer.writeUInt32LE(crc32(buffer.subarray(8, GROUP_HEAD_BYTES + head.payloadBytes), seed), 4)
}

/** The head of a whole, undamaged group at `at`; undefined otherwise. */
export function unsealGroup(segment: Buffer, at: number, { mark, seed }: Salt): GroupHead | undefined {
  if (at + GROUP_HEAD_BYTES > segment.length || segment.readUInt32LE(at) !== mark) return undefined
  const payloadBytes = segment.readUInt32LE(at + 8)
  const end = at + GROUP_HEAD_BYTES + payloadBytes
  if (end > segment.length || crc32(segment.subarray(at + 8, end), seed) !== segment.readUInt32LE(at + 4)) return
  return {
    payloadBytes,
    acks: segment.readUInt32LE(at + 12),
    events: segment.readUInt32LE(at + 16),
    number: segment.readDoubleLE(at + 24),
    durable: segment.readDoubleLE(at + 32),
    firstEvent: segment.readDoubleLE(at + 40),
  }
}

/** Finds whole groups anywhere from `at` on, by their mark. */
export function* groupsFrom(segment: Buffer, at: number, salt: Salt): Generator<GroupHead> {
  const mark = Buffer.alloc(4)
  mark.writeUInt32LE(salt.mark)
  for (let found = segment.indexOf(mark, at); found !== -1; found = segment.indexOf(mark, found + 1)) {
    const head = unsealGroup(segment, found, salt)
    if (head) yield head
  }
}
