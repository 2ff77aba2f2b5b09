import { RedisConnection } from '../../src/clients/redis/connection.ts'
import { deleteKeys } from '../../src/clients/redis/delete-keys.ts'
import { type RedisFacts, redisFacts } from '../../src/clients/redis/facts.ts'
import { systemClock } from '../../src/core/contracts/clock.ts'
import { checkNamespace } from '../../src/core/contracts/namespace.ts'
import type { Queue, QueueDriver, QueueOpenOptions } from '../../src/core/contracts/queue.ts'

/** The prefix of a namespace's keys. The braces keep them together on one node. @throws FloodmarkError 'misuse'. */
export function prefixOf(driver: string, namespace: string): string {
  return `floodmark:${driver}:{${checkNamespace(namespace)}}`
}

/** A driver on a Redis server: connects, asks the server for its promises, and hands both on. Its keys begin with `kind`. */
export function redisDriver(
  kind: string,
  make: (connection: RedisConnection, facts: RedisFacts, options: QueueOpenOptions) => Queue,
): QueueDriver {
  return {
    server: 'redis',
    async open(options) {
      prefixOf(kind, options.namespace)
      const connection = new RedisConnection(options.url, options.clock ?? systemClock)
      try {
        await connection.ready()
        return make(connection, await redisFacts(connection), options)
      } catch (error) {
        await connection.close()
        throw error
      }
    },
    drop: ({ url, namespace }) => deleteKeys(url, `${prefixOf(kind, namespace)}:`),
  }
}
