import memory from '../../queues/memory.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'
import { changed } from './altering.ts'

/** A planted bug: events come out of the queue with another id, key, source, type, time, header or body than they went in with. */
const driver: QueueDriver = {
  ...memory,
  async open(options) {
    const queue = await memory.open(options)
    const publish = queue.publish.bind(queue)
    return Object.assign(queue, {
      publish: (events: Parameters<typeof publish>[0], limit: Parameters<typeof publish>[1]) =>
        publish(events.map(changed), limit),
    })
  },
}
export default driver
