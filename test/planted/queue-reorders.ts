import memory from '../../queues/memory.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'

const HELD_MS = 300

/** A planted bug: events are kept back for a while and then delivered last first. */
const driver: QueueDriver = {
  ...memory,
  async open(options) {
    const queue = await memory.open(options)
    const publish = queue.publish.bind(queue)
    let held: Parameters<typeof publish>[0][number][] = []
    setInterval(() => {
      const events = held.reverse()
      held = []
      for (const event of events) void publish([event], { deadlineMs: 1_000 })
    }, HELD_MS).unref()
    return Object.assign(queue, {
      publish: async (events: Parameters<typeof publish>[0]) => {
        held.push(...events)
      },
    })
  },
}
export default driver
