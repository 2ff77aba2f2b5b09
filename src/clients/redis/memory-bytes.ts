import { systemClock } from '../../core/contracts/clock.ts'
import { RedisConnection } from './connection.ts'
import { askMemory } from './facts.ts'

const ASK_MS = 5_000

/** Memory that a Redis uses, in bytes. Rejects when it does not answer. */
export async function redisMemoryBytes(url: string): Promise<number> {
  const connection = await RedisConnection.open(url, systemClock)
  try {
    return (await connection.repeat(ASK_MS, askMemory)).usedBytes
  } finally {
    await connection.close()
  }
}
