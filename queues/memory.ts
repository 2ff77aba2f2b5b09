import { encodedBytes } from '../src/core/base/codec.ts'
import { systemClock } from '../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../src/core/contracts/event.ts'
import {
  type ConsumeOptions,
  type Handler,
  PublishError,
  type Queue,
  type QueueDriver,
} from '../src/core/contracts/queue.ts'
import { Lanes, type Waiting } from '../src/core/processing/lanes.ts'

const BYTES_MAX = 256 * 1024 * 1024

interface Item extends Waiting {
  readonly bytes: number
}

/** The specification of a queue: nothing outlives the process, everything else is as the contract says. */
const driver: QueueDriver = {
  async open({ bytesMax = BYTES_MAX, clock = systemClock }): Promise<Queue> {
    let stored = 0
    let closed = false
    const lanes = new Lanes<Item>(clock, (item) => {
      stored -= item.bytes
    })
    const queue: Queue = {
      traits: {
        name: 'memory',
        server: 'this process',
        survives: [],
        order: 'key',
        orderSurvivesRetry: true,
        countsDeliveries: false,
        dedupWindowMs: 0,
        shared: false,
        publishEventsMax: 1_024,
        publishBytesMax: 16 * 1024 * 1024,
        deliverEventsMax: 1_024,
      },
      async publish(events: readonly WebhookEvent[]) {
        const sizes = events.map(encodedBytes)
        const bytes = sizes.reduce((sum, size) => sum + size, 0)
        const unsafe = events.map((_, position) => position)
        if (closed) throw new PublishError('unavailable', 'the queue is closed', { unsafe, definite: true })
        if (bytes > queue.traits.publishBytesMax) {
          throw new PublishError('too-large', `${bytes} bytes in one publish`, { unsafe, definite: true })
        }
        if (stored + bytes > bytesMax) {
          throw new PublishError('overloaded', `the queue holds ${stored} of ${bytesMax} bytes`, {
            unsafe,
            definite: true,
          })
        }
        stored += bytes
        for (const [position, event] of events.entries()) {
          lanes.add({ key: event.key, sinceMs: clock.now(), bytes: sizes[position]!, load: () => event })
        }
      },
      consume: (handle: Handler, options: ConsumeOptions) => lanes.consume(handle, options),
      depth: async () => lanes.depth(),
      close: async () => {
        closed = true
      },
    }
    return queue
  },
  drop: async () => {},
}
export default driver
