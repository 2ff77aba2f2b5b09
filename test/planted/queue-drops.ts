import memory from '../../queues/memory.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

/** A planted bug: one event in fifty is acknowledged and thrown away. */
const driver: QueueDriver = {
  ...memory,
  async open(options) {
    const queue = await memory.open(options)
    let count = 0
    const publish = queue.publish.bind(queue)
    return Object.assign(queue, {
      publish: (events: Parameters<typeof publish>[0], limit: Parameters<typeof publish>[1]) =>
        publish(
          events.filter(() => ++count % 50 !== 0),
          limit,
        ),
    })
  },
}
export default driver
