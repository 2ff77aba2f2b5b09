import memory from '../../queues/memory.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

/** A user's queue that refuses to remove its data, and one address from the beginning. */
const driver: QueueDriver = {
  ...memory,
  async open(options) {
    if (options.url !== 'nats://refused') return memory.open(options)
    throw new FloodmarkError('misuse', 'no such address')
  },
  async drop() {
    throw new FloodmarkError('misuse', 'its tag is gone')
  },
}
export default driver
