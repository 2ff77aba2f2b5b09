import embedded from '../../queues/embedded.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

const LATE_MS = 200

/** A planted bug: publish resolves before anything is on disk; that follows a moment later. A crash between takes it along. */
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
