import memory from '../../queues/memory.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

/** A queue of one's own that knows one address only, of a scheme that the kit has never heard of. */
const driver: QueueDriver = {
  ...memory,
  async open(options) {
    if (options.url === 'nats://127.0.0.1:4222') return memory.open(options)
    throw new FloodmarkError('misuse', `opened with '${options.url}' instead of the address that was given`)
  },
}
export default driver
