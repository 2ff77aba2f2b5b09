import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FloodmarkError } from '../../src/core/errors.ts'
import { ACKS, EVENT, RECORD_HEAD_BYTES, recordsFrom, unseal } from './record.ts'

/** Where a record's payload lies. */
export interface Place {
  /** The segment, by the number of its first record. */
  readonly segment: number
  readonly offset: number
  readonly bytes: number
}

export interface Recovered {
  /** Numbers of the segments' first records, oldest first. */
  readonly segments: readonly number[]
  /** Every event without an ack, by record number, in order of publishing. */
  readonly pending: ReadonlyMap<number, { readonly place: Place; readonly payload: Buffer }>
  readonly epoch: number
  /** The next record's number, and where in the last segment it goes. */
  readonly nextNumber: number
  readonly nextOffset: number
}

export function segmentPath(folder: string, firstNumber: number): string {
  return join(folder, `${firstNumber.toString(16).padStart(14, '0')}.segment`)
}

/**
 * Reads the log in order up to the first record that is not the expected one. What follows a torn tail was never
 * acknowledged. @throws FloodmarkError 'corrupt' when what is missing had been durable.
 */
export function recover(folder: string, onPending: (payload: Buffer) => void = () => {}): Recovered {
  const segments = readdirSync(folder)
    .filter((name) => name.endsWith('.segment'))
    .map((name) => Number.parseInt(name, 16))
    .sort((a, b) => a - b)
  const pending = new Map<number, { place: Place; payload: Buffer }>()
  let nextNumber = segments[0] ?? 1
  let epoch = 0
  let nextOffset = 0
  let used = 0
  for (const segment of segments) {
    if (segment !== nextNumber) throw corrupt(segmentPath(folder, segment), 0, nextNumber)
    const bytes = readFileSync(segmentPath(folder, segment))
    nextOffset = 0
    used++
    for (;;) {
      const head = unseal(bytes, nextOffset)
      if (head?.number !== nextNumber || head.epoch < epoch) break
      const place = { segment, offset: nextOffset + RECORD_HEAD_BYTES, bytes: head.payloadBytes }
      const payload = bytes.subarray(place.offset, place.offset + place.bytes)
      if (head.kind === EVENT) pending.set(nextNumber, { place, payload })
      if (head.kind === ACKS) for (let at = 0; at < payload.length; at += 8) pending.delete(payload.readDoubleLE(at))
      epoch = head.epoch
      nextNumber++
      nextOffset += RECORD_HEAD_BYTES + head.payloadBytes
    }
    for (const later of recordsFrom(bytes, nextOffset)) {
      if (later.durable >= nextNumber && later.epoch >= epoch)
        throw corrupt(segmentPath(folder, segment), nextOffset, nextNumber)
    }
  }
  for (const { payload } of pending.values()) onPending(payload)
  return { segments: segments.slice(0, used), pending, epoch, nextNumber, nextOffset }
}

function corrupt(path: string, offset: number, number: number): FloodmarkError {
  const what = `${path}: acknowledged record ${number} is missing or damaged at byte ${offset}`
  return new FloodmarkError(
    'corrupt',
    `${what}. Keep a copy of the folder, then restore it from a backup or move it away to start empty`,
  )
}
