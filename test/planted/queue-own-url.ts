import memory from '../../queues/memory.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

/** A user's queue that accepts one address only, of a scheme that the kit does not know. */
const driver: QueueDriver = {
  ...memory,
  async open(options) {
    if (options.url === 'nats://127.0.0.1:4222') return memory.open(options)
    throw new FloodmarkError('misuse', `opened with '${options.url}' instead of the address that was given`)
  },
}
export default driver
