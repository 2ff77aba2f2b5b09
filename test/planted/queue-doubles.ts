import memory from '../../queues/memory.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

/** Allowed by the contract, at-least-once: every event is delivered twice. A ledger has to absorb it. */
const driver: QueueDriver = {
  ...memory,
  async open(options) {
    const queue = await memory.open(options)
    const publish = queue.publish.bind(queue)
    return Object.assign(queue, {
      publish: (events: Parameters<typeof publish>[0], limit: Parameters<typeof publish>[1]) =>
        publish(
          events.flatMap((event) => [event, event]),
          limit,
        ),
    })
  },
}
export default driver
