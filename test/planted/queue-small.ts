import memory from '../../queues/memory.ts'
import { encodedBytes } from '../../src/core/base/codec.ts'
import { PublishError, type QueueDriver } from '../../src/core/contracts/queue.ts'

const BYTES_MAX = 256 * 1024

/** Not a bug: a queue that takes no long events, as some services do. */
const driver: QueueDriver = {
  ...memory,
  async open(options) {
    const queue = await memory.open(options)
    return {
      ...queue,
      traits: { ...queue.traits, publishBytesMax: BYTES_MAX },
      async publish(events, how) {
        const bytes = events.reduce((sum, event) => sum + encodedBytes(event), 0)
        if (bytes <= BYTES_MAX) return queue.publish(events, how)
        const unsafe = events.map((_, position) => position)
        throw new PublishError('too-large', 'more bytes than this queue takes', { unsafe, definite: true })
      },
    }
  },
}
export default driver
