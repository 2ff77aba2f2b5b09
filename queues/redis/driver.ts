import { systemClock } from '../../src/core/contracts/clock.ts'
import type { Queue, QueueDriver, QueueOpenOptions } from '../../src/core/contracts/queue.ts'
import { dropKeys, prefixOf } from './drop.ts'
import { Link } from './link.ts'
import { askServer } from './server.ts'

type Answer = Awaited<ReturnType<typeof askServer>>

/** A driver on a Redis server: connects, asks the server what it is, and hands both on. `kind` begins every key of its own. */
export function redisDriver(
  kind: string,
  make: (link: Link, server: Answer, options: QueueOpenOptions) => Queue,
): QueueDriver {
  return {
    server: 'redis',
    async open(options) {
      prefixOf(kind, options.namespace)
      const link = new Link(options.url, options.clock ?? systemClock)
      try {
        await link.ready()
        return make(link, await askServer(link), options)
      } catch (error) {
        await link.close()
        throw error
      }
    },
    drop: ({ url, namespace }) => dropKeys(url, prefixOf(kind, namespace)),
  }
}
