import embedded from '../../queues/embedded.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

const LATE_MS = 200

/** A planted bug: publish resolves a moment before the events are on disk. A crash in that moment loses them. */
const driver: QueueDriver = {
  ...embedded,
  async open(options) {
    const queue = await embedded.open(options)
    const publish = queue.publish.bind(queue)
    return Object.assign(queue, {
      publish: async (events: Parameters<typeof publish>[0], limit: Parameters<typeof publish>[1]) => {
        setTimeout(() => publish(events, limit).catch(() => {}), LATE_MS)
      },
    })
  },
}
export default driver
