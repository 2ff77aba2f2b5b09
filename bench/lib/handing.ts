import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { decode, encodedBytes, encodeInto } from '../../src/core/base/codec.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { Queue } from '../../src/core/contracts/queue.ts'

/*
 * Receivers that hand their events to the one process that has the embedded queue. A frame is its number, its length and events,
 * each behind its length; the answer is the number, and whether all of them are stored.
 */
const HEAD_BYTES = 8
const ANSWER_BYTES = 5

/** The queue as its receivers have it: they publish to another process. */
export async function handingQueue(path: string, traits: Queue['traits']): Promise<Queue> {
  const socket = connect(path)
  await once(socket, 'connect')
  const waiting = new Map<number, (isStored: boolean) => void>()
  let frames = 0
  eachFrame(
    socket,
    ANSWER_BYTES,
    () => 0,
    (frame) => {
      const number = frame.readUInt32LE(0)
      waiting.get(number)?.(frame[4] === 1)
      waiting.delete(number)
    },
  )
  return {
    traits,
    async publish(events) {
      const number = ++frames % 2 ** 32
      socket.write(framed(number, events))
      const isStored = await new Promise<boolean>((resolve) => waiting.set(number, resolve))
      if (!isStored) throw new FloodmarkError('unavailable', 'the writer has not stored them')
    },
    consume: () => Promise.reject(new FloodmarkError('misuse', 'receivers process nothing')),
    probe: async () => {},
    depth: async () => ({ waiting: 0, inFlight: 0, oldestMs: undefined, exact: false }),
    close: async () => void socket.destroy(),
  }
}

/** The other side: takes what receivers hand over, and stores it. Resolves once it listens. */
export async function takeHanded(path: string, queue: Queue, deadlineMs: number): Promise<{ close(): void }> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    eachFrame(
      socket,
      HEAD_BYTES,
      (head) => head.readUInt32LE(4),
      (frame) => {
        const answer = Buffer.from(frame.subarray(0, ANSWER_BYTES))
        const stored = (isStored: boolean) => {
          answer[4] = isStored ? 1 : 0
          socket.write(answer)
        }
        queue.publish(eventsIn(frame), { deadlineMs }).then(
          () => stored(true),
          () => stored(false),
        )
      },
    )
  })
  server.listen(path)
  await once(server, 'listening')
  return { close: () => server.close() }
}

function framed(number: number, events: readonly WebhookEvent[]): Buffer {
  const sizes = events.map(encodedBytes)
  const bytes = sizes.reduce((sum, size) => sum + 4 + size, 0)
  const frame = Buffer.allocUnsafe(HEAD_BYTES + bytes)
  frame.writeUInt32LE(number, 0)
  frame.writeUInt32LE(bytes, 4)
  let at = HEAD_BYTES
  for (const [position, event] of events.entries()) {
    at = frame.writeUInt32LE(sizes[position]!, at)
    at = encodeInto(event, frame, at)
  }
  return frame
}

function eventsIn(frame: Buffer): WebhookEvent[] {
  const events: WebhookEvent[] = []
  for (let at = HEAD_BYTES; at < frame.length; ) {
    const end = at + 4 + frame.readUInt32LE(at)
    events.push(decode(frame.subarray(at + 4, end)))
    at = end
  }
  return events
}

/** Calls back with each whole frame: its head, and as many bytes behind that as `restOf` says. */
function eachFrame(
  socket: Socket,
  headBytes: number,
  restOf: (head: Buffer) => number,
  take: (frame: Buffer) => void,
): void {
  let parts: Buffer[] = []
  let bytes = 0
  let needed = headBytes
  socket.on('data', (part: Buffer) => {
    parts.push(part)
    bytes += part.length
    if (bytes < needed) return
    let all = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
    for (;;) {
      needed = headBytes
      if (all.length < needed) break
      needed += restOf(all)
      if (all.length < needed) break
      take(all.subarray(0, needed))
      all = all.subarray(needed)
    }
    parts = [all]
    bytes = all.length
  })
}
