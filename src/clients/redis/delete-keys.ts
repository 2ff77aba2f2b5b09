import { systemClock } from '../../core/contracts/clock.ts'
import { RedisConnection } from './connection.ts'

const ASK_MS = 5_000
const SCAN_COUNT = 1_000

/** Deletes every key that starts with the prefix. @throws FloodmarkError 'unavailable'. */
export async function deleteKeys(url: string, prefix: string): Promise<void> {
  const connection = new RedisConnection(url, systemClock)
  try {
    await connection.ready()
    let cursor = '0'
    do {
      const from = cursor
      const [next, keys] = await connection.repeat(ASK_MS, (client) =>
        client.scan(from, 'MATCH', `${prefix}*`, 'COUNT', SCAN_COUNT),
      )
      if (keys.length > 0) await connection.repeat(ASK_MS, (client) => client.unlink(...keys))
      cursor = next
    } while (cursor !== '0')
  } finally {
    await connection.close()
  }
}
