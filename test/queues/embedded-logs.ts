import { closeSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Backlog } from '../../queues/embedded/backlog.ts'
import { boundsPath, readBounds, slotOf } from '../../queues/embedded/bounds.ts'
import { GROUP_HEAD_BYTES, SEGMENT_HEAD_BYTES, segmentHeadOf, unsealGroup } from '../../queues/embedded/format.ts'
import { Reader } from '../../queues/embedded/item.ts'
import { EmbeddedQueue } from '../../queues/embedded/queue.ts'
import { recover } from '../../queues/embedded/recovery.ts'
import { VirtualClock } from '../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { Queue } from '../../src/core/contracts/queue.ts'

/** Small segments, so that a few events fill several of them. */
export const SEGMENT_BYTES = 16 * 1024
export const LIMIT = { deadlineMs: 5_000 }

/** Folders for one test file. The clock stands still, so a waiting event does not move on by itself. */
export function logFolders() {
  const root = mkdtempSync(join(tmpdir(), 'floodmark-log-'))
  let made = 0
  const clock = new VirtualClock()
  return {
    clock,
    fresh: () => join(root, `log${made++}`),
    open: (folder: string, memoryBytesMax?: number) =>
      new EmbeddedQueue(folder, { clock, segmentBytes: SEGMENT_BYTES, ...(memoryBytesMax && { memoryBytesMax }) }),
    /** A copy of the folder as a process killed at this moment leaves it. */
    snapshot(folder: string): string {
      const copy = join(root, `log${made++}`)
      mkdirSync(copy)
      for (const name of [...segmentsIn(folder), 'bounds']) cpSync(join(folder, name), join(copy, name))
      return copy
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

export function segmentsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.segment'))
    .sort()
}

/** The events without an ack in a closed log, in the log's order. */
export function pendingIn(folder: string, segmentBytes = SEGMENT_BYTES): WebhookEvent[] {
  const { unsettled, segments } = recover(folder, segmentBytes)
  const events: WebhookEvent[] = []
  try {
    const backlog = new Backlog(folder, new Reader(folder))
    const [segment] = segments
    if (segment) backlog.add(unsettled.events, { segment, offset: SEGMENT_HEAD_BYTES, number: segment.first }, 0)
    for (let item = backlog.next(); item; item = backlog.next()) events.push(item.load())
    if (backlog.failure) throw backlog.failure
  } finally {
    for (const { file } of segments) closeSync(file)
  }
  return events
}

/** Lowers the bounds, as if the process had ended before a group's sync did. */
export function promiseLess(folder: string, durable: number): void {
  const bounds = readBounds(folder)
  if (typeof bounds !== 'object') throw new Error(`no bounds in ${folder}`)
  const slot = slotOf({ ...bounds, durable, closed: false })
  change(boundsPath(folder), (bytes) => {
    bytes.fill(0)
    slot.copy(bytes)
  })
}

export function change(path: string, how: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path)
  how(bytes)
  writeFileSync(path, bytes)
}

/** The offset of each group of a segment, and the end of the last one. */
export function groupsOf(segment: Buffer): number[] {
  const head = segmentHeadOf(segment)
  if (typeof head === 'string') throw new Error(head)
  const { salt } = head
  const starts = [SEGMENT_HEAD_BYTES]
  for (let head = unsealGroup(segment, starts.at(-1)!, salt); head; head = unsealGroup(segment, starts.at(-1)!, salt)) {
    starts.push(starts.at(-1)! + GROUP_HEAD_BYTES + head.payloadBytes)
  }
  return starts
}

/** Delivers each ready event once and settles it: an event is acked while `acks` allows it for its key. */
export async function deliver(
  queue: Queue,
  clock: VirtualClock,
  acks: (key: string) => boolean,
): Promise<WebhookEvent[]> {
  const stop = new AbortController()
  const acked: WebhookEvent[] = []
  const done = queue.consume(
    async (batch) =>
      batch.map(({ event }) => {
        if (!acks(event.key)) return { retryInMs: 1 }
        acked.push(event)
        return 'ack'
      }),
    { batchEventsMax: 10_000, handlersMax: 1, leaseMs: 60_000, signal: stop.signal },
  )
  await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  await done
  await clock.advance(2)
  return acked
}

/** Takes and acks every waiting event. */
export async function drain(queue: Queue, clock: VirtualClock): Promise<WebhookEvent[]> {
  const all: WebhookEvent[] = []
  for (let more = [] as WebhookEvent[]; ; all.push(...more)) {
    more = await deliver(queue, clock, () => true)
    if (more.length === 0) return all
  }
}
