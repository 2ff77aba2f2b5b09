import { systemClock } from '../../core/contracts/clock.ts'
import { RedisConnection } from './connection.ts'

const ASK_MS = 5_000

/** Memory that a Redis uses, in bytes. Rejects when it does not answer. */
export async function redisMemoryBytes(url: string): Promise<number> {
  const connection = new RedisConnection(url, systemClock)
  try {
    await connection.ready()
    return Number(/used_memory:(\d+)/.exec(await connection.repeat(ASK_MS, (client) => client.info('memory')))![1])
  } finally {
    await connection.close()
  }
}
