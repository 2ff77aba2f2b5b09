import { join } from 'node:path'
import type { Salt } from './format.ts'

/** A file of the log, in use. */
export interface Segment {
  /** The number of its first group, which is also its name. */
  readonly first: number
  readonly file: number
  /** Its whole length. */
  readonly bytes: number
  salt: Salt
  /** Events in it without an ack. */
  unsettled: number
  /** Its file has been given back. */
  gone: boolean
}

/** Where an event's bytes lie. */
export interface LogPlace {
  readonly segment: Segment
  readonly number: number
  readonly offset: number
  readonly bytes: number
  /** Of the event's bytes, begun with 0, as a signed number (which V8 keeps in the object): what is read back is what was acknowledged. */
  readonly crc: number
}

export function segmentPath(folder: string, first: number): string {
  return join(folder, `${first.toString(16).padStart(14, '0')}.segment`)
}
