import { systemClock } from '../../core/contracts/clock.ts'
import { RedisConnection } from './connection.ts'

const ASK_MS = 5_000
const SCAN_COUNT = 1_000
const OURS = /^floodmark:(?:[a-z]+:)?\{([a-z0-9-]+)\}:/

/** The namespaces that have keys of ours. Rejects when the server does not answer. */
export async function redisNamespaces(url: string): Promise<readonly string[]> {
  const connection = await RedisConnection.open(url, systemClock)
  const found = new Set<string>()
  try {
    let cursor = '0'
    do {
      const from = cursor
      const [next, keys] = await connection.repeat(ASK_MS, (client) =>
        client.scan(from, 'MATCH', 'floodmark:*', 'COUNT', SCAN_COUNT),
      )
      for (const key of keys) {
        const namespace = OURS.exec(key)?.[1]
        if (namespace !== undefined) found.add(namespace)
      }
      cursor = next
    } while (cursor !== '0')
  } finally {
    await connection.close()
  }
  return [...found]
}
