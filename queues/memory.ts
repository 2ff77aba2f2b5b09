import { encodedBytes } from '../src/core/base/codec.ts'
import { shareOfHeap, shareOfMemory } from '../src/core/base/memory.ts'
import { systemClock } from '../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../src/core/contracts/errors.ts'
import { laneOf, type WebhookEvent } from '../src/core/contracts/event.ts'
import {
  type ConsumeOptions,
  type Handler,
  PublishError,
  type Queue,
  type QueueDriver,
} from '../src/core/contracts/queue.ts'
import { Lanes, type Waiting } from '../src/core/processing/lanes.ts'

const BYTES_MAX = shareOfMemory(1 / 8, 256 * 1024 * 1024)
const MEMORY_BYTES_MAX = shareOfHeap(1 / 4)
/** Heap of a waiting event beside its body, which lies outside, and its texts. */
const EVENT_BYTES = 1_536

interface MemoryItem extends Waiting {
  readonly heapBytes: number
}

/** The specification of a queue. Nothing outlives the process; everything else is as the contract says. */
const driver: QueueDriver = {
  async open({ bytesMax = BYTES_MAX, memoryBytesMax = MEMORY_BYTES_MAX, clock = systemClock }): Promise<Queue> {
    let stored = 0
    let heap = 0
    let closed = false
    const lanes = new Lanes<MemoryItem>(clock, (item) => {
      stored -= item.bytes
      heap -= item.heapBytes
    })
    const checkRoom = (bytes: number, heapBytes: number) => {
      const full = (held: number, max: number) =>
        new FloodmarkError('overloaded', `the queue holds ${held} of ${max} bytes`, { definite: true })
      if (stored + bytes > bytesMax) throw full(stored, bytesMax)
      if (heap + heapBytes > memoryBytesMax) throw full(heap, memoryBytesMax)
    }
    const queue: Queue = {
      traits: {
        name: 'memory',
        server: 'this process',
        survives: [],
        order: 'key',
        countsDeliveries: false,
        dedupWindowMs: 0,
        shared: false,
        publishEventsMax: 1_024,
        publishBytesMax: 26 * 1024 * 1024,
      },
      async publish(events: readonly WebhookEvent[]) {
        const items = events.map((event) => itemOf(event, clock.now()))
        const bytes = items.reduce((sum, item) => sum + item.bytes, 0)
        const heapBytes = items.reduce((sum, item) => sum + item.heapBytes, 0)
        if (closed) throw PublishError.all(events, 'unavailable', 'the queue is closed', { definite: true })
        if (bytes > queue.traits.publishBytesMax) {
          throw PublishError.all(events, 'too-large', `${bytes} bytes in one publish`, { definite: true })
        }
        try {
          checkRoom(bytes, heapBytes)
        } catch (cause) {
          throw PublishError.all(events, 'overloaded', messageOf(cause), { definite: true, cause })
        }
        stored += bytes
        heap += heapBytes
        for (const item of items) lanes.add(item)
      },
      consume: (handle: Handler, options: ConsumeOptions) => lanes.consume(handle, options),
      probe: async () => {
        if (closed) throw new FloodmarkError('unavailable', 'the queue is closed')
        checkRoom(1, 1)
      },
      depth: async () => lanes.depth(),
      close: async () => {
        closed = true
      },
    }
    return queue
  },
  drop: async () => {},
}

function itemOf(event: WebhookEvent, sinceMs: number): MemoryItem {
  const bytes = encodedBytes(event)
  const heapBytes = EVENT_BYTES + 2 * (bytes - event.body.length)
  return { lane: laneOf(event), sinceMs, bytes, heapBytes, load: () => event }
}

export default driver
