import { deleteKeys } from '../../src/clients/redis/delete-keys.ts'
import { type JudgedRedis, openRedis } from '../../src/clients/redis/facts.ts'
import { redisQuotas } from '../../src/clients/redis/memory-bytes.ts'
import type { Script } from '../../src/clients/redis/script.ts'
import { systemClock } from '../../src/core/contracts/clock.ts'
import { checkNamespace } from '../../src/core/contracts/namespace.ts'
import type { Queue, QueueDriver, QueueOpenOptions, QueueTraits } from '../../src/core/contracts/queue.ts'

/** The prefix of a namespace's keys. The braces keep them together on one node. @throws FloodmarkError 'misuse'. */
export function prefixOf(driver: string, namespace: string): string {
  return `floodmark:${driver}:{${checkNamespace(namespace)}}`
}

/** The traits of a queue on a Redis: the server behind its address may be another one later, and promise something else. */
export function traitsOn(redis: JudgedRedis, own: Omit<QueueTraits, 'server' | 'survives'>): QueueTraits {
  const { folder } = redis.facts
  return {
    ...own,
    ...(folder && { dataFolders: [folder] }),
    get server() {
      return redis.facts.text
    },
    get survives() {
      return redis.facts.survives
    },
  }
}

/**
 * A driver on a Redis server: connects, asks the server for its promises, and hands both on. Its keys begin with `kind`.
 * `scripts`: as openRedis.
 */
export function redisDriver(
  kind: string,
  make: (redis: JudgedRedis, options: QueueOpenOptions) => Queue,
  scripts?: readonly Script[],
): QueueDriver {
  return {
    server: 'redis',
    async open(options) {
      prefixOf(kind, options.namespace)
      return make(await openRedis(options.url, options.clock ?? systemClock, scripts), options)
    },
    quotas: redisQuotas,
    drop: ({ url, namespace }) => deleteKeys(url, `${prefixOf(kind, namespace)}:`),
  }
}
