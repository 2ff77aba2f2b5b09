import embedded from '../../queues/embedded.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

const COLLECT_MS = 250

/** A planted bug: closing the queue forgets the batch that is still being collected. */
const driver: QueueDriver = {
  ...embedded,
  async open(options) {
    const queue = await embedded.open(options)
    const publish = queue.publish.bind(queue)
    const close = queue.close.bind(queue)
    let collected: Parameters<typeof publish>[0][number][] = []
    const timer = setInterval(() => {
      if (collected.length > 0) publish(collected, { deadlineMs: 1_000 }).catch(() => {})
      collected = []
    }, COLLECT_MS)
    return Object.assign(queue, {
      publish: async (events: Parameters<typeof publish>[0]) => {
        collected.push(...events)
      },
      close: () => {
        clearInterval(timer)
        return close()
      },
    })
  },
}
export default driver
