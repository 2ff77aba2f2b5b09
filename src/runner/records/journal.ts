import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { openPrivate } from '../../core/base/private-files.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Cause, Outcome } from '../plan/outcome.ts'
import { CAUSES, OUTCOMES } from '../plan/outcome.ts'

/** One attempt to deliver one event. Times are ms since the start of the run, by the sender's monotonic clock. */
export interface Attempt {
  /** Dense: 0 … planned-1. */
  seq: number
  /** From 1. */
  attempt: number
  /** Position in the scenario's mix. */
  provider: number
  /** Rank of the ordering key. */
  key: number
  outcome: Outcome
  cause: Cause
  /** HTTP status; 0 where there was none. */
  status: number
  bodyBytes: number
  /** When the plan wanted it sent, when its first byte was handed to the socket, when its answer was complete. */
  intendedMs: number
  sentMs: number
  doneMs: number
}

/*
 * File: an 8-byte head, then fixed records, little endian, then zeros that hold room for more. A run that is cut short leaves
 * whole records and at most one torn one at the end, which the reader passes over. A record has an attempt of 1 or more.
 *   0 u32 seq | 4 u32 key | 8 u32 bodyBytes | 12 u16 status | 14 u16 attempt | 16 u8 provider | 17 u8 outcome
 *   18 u8 cause | 19 … 23 zero | 24 f64 intendedMs | 32 f64 sentMs | 40 f64 doneMs
 */
const HEAD = Buffer.from('FMJRNL01', 'latin1')
export const RECORD_BYTES = 48
const BUFFER_RECORDS = 1_024
/** Room is taken in such pieces, and the next one when less than that is left: enough for 20,000 attempts in flight. */
const AHEAD = Buffer.alloc(1024 * 1024)

export interface JournalWriter {
  write(attempt: Readonly<Attempt>): void
  /** There was no more room to take: attempts in flight can still be written, but no new one should begin. */
  readonly full: FloodmarkError | undefined
  /** Hands everything written so far to the operating system. */
  flush(): void
  close(): void
}

export function emptyAttempt(): Attempt {
  const none = { outcome: 'unsent', cause: 'none', status: 0, bodyBytes: 0 } as const
  return { seq: 0, attempt: 1, provider: 0, key: 0, ...none, intendedMs: 0, sentMs: 0, doneMs: 0 }
}

/**
 * Room is taken ahead, so that a disk that becomes full leaves enough for all that is in flight. The first failed write of a
 * record ends a journal: the file is cut back to whole records, and every later call throws the same.
 * `writeTo` stands in for the file system where a test needs a full disk.
 * @throws FloodmarkError 'unavailable' when the file exists or cannot be written.
 */
export function openJournal(path: string, writeTo: typeof writeSync = writeSync): JournalWriter {
  const file = orUnavailable(path, () => openPrivate(path, 'wx'))
  const buffer = Buffer.alloc(RECORD_BYTES * BUFFER_RECORDS)
  let used = 0
  let onDisk = 0
  let allocated = 0
  let full: FloodmarkError | undefined
  let failure: FloodmarkError | undefined
  const noRoom = (cause: unknown) => {
    const what = `cannot write ${path}: ${messageOf(cause)}. Make room there, then run again`
    return new FloodmarkError('unavailable', what, { cause })
  }

  function put(bytes: Buffer, length: number): void {
    if (failure) throw failure
    let written = 0
    try {
      while (written < length) written += writeTo(file, bytes, written, length - written, onDisk + written)
    } catch (cause) {
      failure = noRoom(cause)
      onDisk += written - (written % RECORD_BYTES)
      ftruncateSync(file, onDisk)
      throw failure
    }
    onDisk += length
    allocated = Math.max(allocated, onDisk)
    if (!full && allocated - onDisk < AHEAD.length) takeRoom()
  }

  function takeRoom(): void {
    try {
      for (let taken = 0; taken < AHEAD.length; ) {
        const written = writeTo(file, AHEAD, taken, AHEAD.length - taken, allocated)
        taken += written
        allocated += written
      }
    } catch (cause) {
      full = noRoom(cause)
    }
  }

  function flush(): void {
    put(buffer, used)
    used = 0
  }

  put(HEAD, HEAD.length)
  return {
    write(attempt) {
      if (failure) throw failure
      encode(attempt, buffer, used)
      used += RECORD_BYTES
      if (used === buffer.length) flush()
    },
    get full() {
      return full
    },
    flush,
    close() {
      try {
        if (!failure) flush()
        ftruncateSync(file, onDisk)
      } finally {
        closeSync(file)
      }
    },
  }
}

/**
 * Every attempt in a journal, in the order they ended. The yielded object is used again for the next one: copy what you keep.
 * @throws FloodmarkError 'corrupt' when the file is not a journal.
 */
export function* readJournal(path: string): Generator<Readonly<Attempt>> {
  const file = orUnavailable(path, () => openSync(path, 'r'))
  try {
    const head = Buffer.alloc(HEAD.length)
    readSync(file, head)
    if (!head.equals(HEAD)) throw new FloodmarkError('corrupt', `${path} is not a journal of this version`)
    const buffer = Buffer.alloc(RECORD_BYTES * BUFFER_RECORDS)
    const attempt = {} as Attempt
    let held = 0
    for (;;) {
      const read = readSync(file, buffer, held, buffer.length - held, null)
      if (read === 0) return
      held += read
      const whole = held - (held % RECORD_BYTES)
      for (let at = 0; at < whole; at += RECORD_BYTES) {
        if (decode(buffer, at, attempt).attempt === 0) return
        yield attempt
      }
      buffer.copy(buffer, 0, whole, held)
      held -= whole
    }
  } finally {
    closeSync(file)
  }
}

function encode(attempt: Readonly<Attempt>, buffer: Buffer, at: number): void {
  buffer.writeUInt32LE(attempt.seq, at)
  buffer.writeUInt32LE(attempt.key, at + 4)
  buffer.writeUInt32LE(attempt.bodyBytes, at + 8)
  buffer.writeUInt16LE(attempt.status, at + 12)
  buffer.writeUInt16LE(attempt.attempt, at + 14)
  buffer[at + 16] = attempt.provider
  buffer[at + 17] = OUTCOMES.indexOf(attempt.outcome)
  buffer[at + 18] = CAUSES.indexOf(attempt.cause)
  buffer.writeDoubleLE(attempt.intendedMs, at + 24)
  buffer.writeDoubleLE(attempt.sentMs, at + 32)
  buffer.writeDoubleLE(attempt.doneMs, at + 40)
}

function decode(buffer: Buffer, at: number, into: Attempt): Attempt {
  into.seq = buffer.readUInt32LE(at)
  into.key = buffer.readUInt32LE(at + 4)
  into.bodyBytes = buffer.readUInt32LE(at + 8)
  into.status = buffer.readUInt16LE(at + 12)
  into.attempt = buffer.readUInt16LE(at + 14)
  into.provider = buffer[at + 16]!
  into.outcome = OUTCOMES[buffer[at + 17]!]!
  into.cause = CAUSES[buffer[at + 18]!]!
  into.intendedMs = buffer.readDoubleLE(at + 24)
  into.sentMs = buffer.readDoubleLE(at + 32)
  into.doneMs = buffer.readDoubleLE(at + 40)
  return into
}

function orUnavailable<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new FloodmarkError('unavailable', `${path}: ${(cause as Error).message}`, { cause })
  }
}
