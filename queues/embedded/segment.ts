import { join } from 'node:path'
import type { Salt } from './format.ts'

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
}

/** The place of an event's bytes in the log. */
export interface LogPlace {
  readonly segment: Segment
  readonly number: number
  readonly offset: number
  readonly bytes: number
  /**
   * crc32 of the event's bytes, begun with 0, to check a read. A signed number, which V8 keeps in the object. Absent where the
   * event is in memory too: nobody reads it back.
   */
  readonly crc?: number
}

export function segmentPath(folder: string, first: number): string {
  return join(folder, `${first.toString(16).padStart(14, '0')}.segment`)
}
