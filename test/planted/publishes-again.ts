import memory from '../../queues/memory.ts'
import type { Queue, QueueDriver } from '../../src/core/contracts/queue.ts'

type Events = Parameters<Queue['publish']>[0]

/** A queue in memory that publishes what `first` makes of the events, and the events once more after so many ms. */
export function publishesAgain(afterMs: number, first: (events: Events) => Events): QueueDriver {
  return {
    ...memory,
    async open(options) {
      const queue = await memory.open(options)
      const publish = queue.publish.bind(queue)
      return Object.assign(queue, {
        publish: async (events: Events, limit: Parameters<typeof publish>[1]) => {
          await publish(first(events), limit)
          setTimeout(() => publish(events, limit).catch(() => {}), afterMs)
        },
      })
    },
  }
}
