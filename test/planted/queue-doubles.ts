import memory from '../../queues/memory.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

/** Later than any batch. */
const AGAIN_MS = 300

/** Not a bug: at-least-once allows it. Every event comes twice in one batch and once more later. A ledger has to absorb it. */
const driver: QueueDriver = {
  ...memory,
  async open(options) {
    const queue = await memory.open(options)
    const publish = queue.publish.bind(queue)
    return Object.assign(queue, {
      publish: async (events: Parameters<typeof publish>[0], limit: Parameters<typeof publish>[1]) => {
        const twice = events.flatMap((event) => [event, event])
        await publish(twice, limit)
        setTimeout(() => publish(events, limit).catch(() => {}), AGAIN_MS)
      },
    })
  },
}
export default driver
