import memory from '../../queues/memory.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

/** As late as the lease of a run that is not quick allows. */
const AGAIN_MS = 6_000

/** Not a bug: at-least-once allows it. Every event comes once more, when a lease would run out. A ledger has to absorb it. */
const driver: QueueDriver = {
  ...memory,
  async open(options) {
    const queue = await memory.open(options)
    const publish = queue.publish.bind(queue)
    return Object.assign(queue, {
      publish: async (events: Parameters<typeof publish>[0], limit: Parameters<typeof publish>[1]) => {
        await publish(events, limit)
        setTimeout(() => publish(events, limit).catch(() => {}), AGAIN_MS)
      },
    })
  },
}
export default driver
