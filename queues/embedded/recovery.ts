import { closeSync, fsyncSync, openSync, readdirSync, readSync } from 'node:fs'
import { decode } from '../../src/core/base/codec.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import {
  ACK_BYTES,
  EVENT_HEAD_BYTES,
  GROUP_HEAD_BYTES,
  type GroupHead,
  groupsFrom,
  SEGMENT_HEAD_BYTES,
  saltOf,
  unsealGroup,
} from './format.ts'
import { type Place, type Segment, segmentPath } from './segment.ts'

/** An event that has no ack. Its bytes stay on disk until its turn comes. */
export interface Pending {
  readonly place: Place
  readonly key: string
  readonly receivedAtMs: number
}

export interface Recovered {
  /** Oldest first, opened and synced. */
  readonly segments: readonly Segment[]
  /** By the event's number, in order of publishing. */
  readonly pending: ReadonlyMap<number, Pending>
  readonly nextGroup: number
  readonly nextEvent: number
}

/**
 * Reads the log in order, up to the first group in each segment that is not the expected one. What follows a torn tail
 * was never acknowledged. Holds one segment in memory at a time.
 * @throws FloodmarkError 'corrupt' when what is missing had been acknowledged, as far as the log itself can tell: damage to
 * the very last group written before a crash looks like a torn tail, until the next group (at most IDLE_MS later) vouches for it.
 */
export function recover(folder: string, segmentBytes: number): Recovered {
  const numbers = readdirSync(folder)
    .filter((name) => name.endsWith('.segment'))
    .map((name) => Number.parseInt(name, 16))
    .sort((a, b) => a - b)
  const segments: Segment[] = []
  const pending = new Map<number, Pending>()
  const bytes = Buffer.allocUnsafe(numbers.length > 0 ? segmentBytes : 0)
  let nextGroup = numbers[0] ?? 1
  let nextEvent = 1
  const take = (segment: Segment, at: number, head: GroupHead) => {
    let from = at + GROUP_HEAD_BYTES
    for (let ack = 0; ack < head.acks; ack++, from += ACK_BYTES) settle(pending, bytes.readDoubleLE(from))
    for (let event = 0; event < head.events; event++) {
      const offset = from + EVENT_HEAD_BYTES
      const place = { segment, number: head.firstEvent + event, offset, bytes: bytes.readUInt32LE(from) }
      from = offset + place.bytes
      const { key, receivedAtMs } = decode(bytes.subarray(offset, from))
      pending.set(place.number, { place, key, receivedAtMs })
      segment.unsettled++
    }
    nextGroup = head.number + 1
    nextEvent = head.firstEvent + head.events
  }
  try {
    for (const first of numbers) {
      const path = segmentPath(folder, first)
      if (first !== nextGroup) throw corrupt(path, nextGroup)
      const file = openSync(path, 'r+')
      const segment = { first, file, salt: { mark: 0, seed: 0 }, unsettled: 0, gone: false }
      segments.push(segment)
      const length = readWhole(file, bytes)
      // What was read may lie in the page cache only; from here on it counts as durable.
      fsyncSync(file)
      const salt = saltOf(bytes.subarray(0, length))
      // A head is on disk before its file gets a segment's name.
      if (!salt || length !== segmentBytes) throw corrupt(path, nextGroup)
      segment.salt = salt
      let at = SEGMENT_HEAD_BYTES
      for (let head = unsealGroup(bytes, at, salt); head?.number === nextGroup; head = unsealGroup(bytes, at, salt)) {
        take(segment, at, head)
        at += GROUP_HEAD_BYTES + head.payloadBytes
      }
      for (const later of groupsFrom(bytes, at, salt)) {
        if (later.durable >= nextGroup) throw corrupt(path, nextGroup)
      }
    }
  } catch (error) {
    for (const { file } of segments) closeSync(file)
    throw error
  }
  return { segments, pending, nextGroup, nextEvent }
}

function settle(pending: Map<number, Pending>, number: number): void {
  const found = pending.get(number)
  if (!found) return
  found.place.segment.unsettled--
  pending.delete(number)
}

function readWhole(file: number, bytes: Buffer): number {
  let length = 0
  for (let read = 1; read > 0 && length < bytes.length; length += read) {
    read = readSync(file, bytes, length, bytes.length - length, length)
  }
  return length
}

function corrupt(path: string, group: number): FloodmarkError {
  const what = `${path}: acknowledged group ${group} is missing or damaged`
  return new FloodmarkError(
    'corrupt',
    `${what}. Keep a copy of the folder, then restore it from a backup or move it away to start empty`,
  )
}
