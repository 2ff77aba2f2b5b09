import { encodedBytes } from '../src/core/base/codec.ts'
import { systemClock } from '../src/core/contracts/clock.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import { laneOf, type WebhookEvent } from '../src/core/contracts/event.ts'
import {
  type ConsumeOptions,
  type Handler,
  PublishError,
  type Queue,
  type QueueDriver,
} from '../src/core/contracts/queue.ts'
import { Lanes, type Waiting } from '../src/core/processing/lanes.ts'

const BYTES_MAX = 256 * 1024 * 1024

/** The specification of a queue. Nothing outlives the process; everything else is as the contract says. */
const driver: QueueDriver = {
  async open({ bytesMax = BYTES_MAX, clock = systemClock }): Promise<Queue> {
    let stored = 0
    let closed = false
    const lanes = new Lanes<Waiting>(clock, (item) => {
      stored -= item.bytes
    })
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
        publishBytesMax: 16 * 1024 * 1024,
      },
      async publish(events: readonly WebhookEvent[]) {
        const sizes = events.map(encodedBytes)
        const bytes = sizes.reduce((sum, size) => sum + size, 0)
        if (closed) throw PublishError.all(events, 'unavailable', 'the queue is closed', { definite: true })
        if (bytes > queue.traits.publishBytesMax) {
          throw PublishError.all(events, 'too-large', `${bytes} bytes in one publish`, { definite: true })
        }
        if (stored + bytes > bytesMax) {
          const message = `the queue holds ${stored} of ${bytesMax} bytes`
          throw PublishError.all(events, 'overloaded', message, { definite: true })
        }
        stored += bytes
        for (const [position, event] of events.entries()) {
          lanes.add({ lane: laneOf(event), sinceMs: clock.now(), bytes: sizes[position]!, load: () => event })
        }
      },
      consume: (handle: Handler, options: ConsumeOptions) => lanes.consume(handle, options),
      probe: async () => {
        if (closed) throw new FloodmarkError('unavailable', 'the queue is closed')
        if (stored >= bytesMax) throw new FloodmarkError('overloaded', `the queue holds ${stored} of ${bytesMax} bytes`)
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
export default driver
