import { readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { eventOfRecord } from '../../src/core/base/codec.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { ConsumeOptions } from '../../src/core/contracts/queue.ts'
import type { Waiting } from '../../src/core/processing/lanes.ts'
import { type Segment, segmentPath } from './segment.ts'

/** Reads events back, and reports each event that cannot be read once. */
export class Reader {
  readonly #folder: string
  readonly #told = new Set<number>()
  onError: ConsumeOptions['onError']

  constructor(folder: string) {
    this.#folder = folder
  }

  /** @throws FloodmarkError 'corrupt' when the bytes on disk are not the bytes that were acknowledged. */
  read({ segment, number, offset, bytes, crc }: LogItem): WebhookEvent {
    const where = `${segmentPath(this.#folder, segment.first)}: the event at byte ${offset}`
    try {
      const event = Buffer.allocUnsafe(bytes)
      const got = readSync(segment.file, event, 0, bytes, offset)
      if (got === bytes && (crc32(event) | 0) === crc) return eventOfRecord(event, `event ${number} of the log`, 0)
    } catch (cause) {
      throw this.#tell(
        number,
        new FloodmarkError('unavailable', `${where} cannot be read: ${messageOf(cause)}`, { cause }),
      )
    }
    const todo = 'The event and its key wait. Stop, keep a copy of the folder and check the disk'
    const what = `${where} is not what was acknowledged: the disk changed it. ${todo}`
    throw this.#tell(number, new FloodmarkError('corrupt', what))
  }

  #tell(number: number, error: FloodmarkError): FloodmarkError {
    if (!this.#told.has(number)) this.onError?.(error)
    this.#told.add(number)
    return error
  }
}

/** A waiting event: whole, or only its place in the log. */
export class LogItem implements Waiting {
  readonly segment: Segment
  readonly number: number
  readonly offset: number
  readonly bytes: number
  /** crc32 of the event's bytes, begun with 0, to check a read; 0 of a whole event. A signed number, which V8 keeps in the object. */
  readonly crc: number
  readonly lane: string
  readonly sinceMs: number
  /** The event; undefined once it is acked. */
  from: WebhookEvent | Reader | undefined

  constructor(
    segment: Segment,
    number: number,
    offset: number,
    bytes: number,
    crc: number,
    lane: string,
    sinceMs: number,
    from: WebhookEvent | Reader,
  ) {
    this.segment = segment
    this.number = number
    this.offset = offset
    this.bytes = bytes
    this.crc = crc
    this.lane = lane
    this.sinceMs = sinceMs
    this.from = from
  }

  get isWhole(): boolean {
    return !(this.from instanceof Reader)
  }

  load(): WebhookEvent {
    return this.from instanceof Reader ? this.from.read(this) : this.from!
  }
}
