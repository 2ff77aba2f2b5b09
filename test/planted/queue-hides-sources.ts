import memory from '../../queues/memory.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

/** A planted bug: every event comes out from a source that no schema knows. So nothing is checked and everything passes. */
const driver: QueueDriver = {
  ...memory,
  async open(options) {
    const queue = await memory.open(options)
    const publish = queue.publish.bind(queue)
    const hidden: typeof publish = (events, limit) =>
      publish(
        events.map((event) => ({ ...event, source: 'elsewhere' })),
        limit,
      )
    return Object.assign(queue, { publish: hidden })
  },
}
export default driver
