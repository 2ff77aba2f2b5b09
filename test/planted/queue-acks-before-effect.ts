import embedded from '../../queues/embedded.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

/** A planted bug: deliveries are acked as they are handed out. An event whose handler then fails or dies never comes again. */
const driver: QueueDriver = {
  ...embedded,
  async open(options) {
    const queue = await embedded.open(options)
    const consume = queue.consume.bind(queue)
    return Object.assign(queue, {
      consume: (handle: Parameters<typeof consume>[0], limits: Parameters<typeof consume>[1]) =>
        consume(async (batch) => {
          handle(batch, () => {}).catch(() => {})
          return batch.map(() => 'ack' as const)
        }, limits),
    })
  },
}
export default driver
