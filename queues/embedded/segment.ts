import { join } from 'node:path'
import type { Salt } from './format.ts'
import type { FoundEvents } from './found.ts'

/** A file of the log that is in use. */
export interface Segment {
  /** The number of its first group. It is also the segment's name. */
  readonly first: number
  readonly file: number
  /** The length of the whole file. */
  readonly bytes: number
  salt: Salt
  /** How many events in it have no ack. */
  unsettled: number
  /** True when its file has been given back. */
  gone: boolean
  /** The one in which the log goes on. */
  next: Segment | undefined
  /** What was found in a segment that was there when the log was opened. It is gone once that has been read. */
  found: FoundEvents | undefined
}

export function newSegment(of: Pick<Segment, 'first' | 'file' | 'bytes' | 'salt'>): Segment {
  return { ...of, unsettled: 0, gone: false, next: undefined, found: undefined }
}

export function segmentPath(folder: string, first: number): string {
  return join(folder, `${first.toString(16).padStart(14, '0')}.segment`)
}
