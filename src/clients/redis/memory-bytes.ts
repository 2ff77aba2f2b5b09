import { systemClock } from '../../core/contracts/clock.ts'
import type { Quota } from '../../core/contracts/quota.ts'
import { RedisConnection } from './connection.ts'
import { askMemory, type RedisMemory } from './facts.ts'

const ASK_MS = 5_000

/** What a Redis allows. Rejects when it does not answer. */
export async function redisQuotas({ url }: { readonly url: string }): Promise<readonly Quota[]> {
  const { usedBytes, maxBytes } = await memoryAt(url)
  return [{ of: 'memory', usedBytes, maxBytes }]
}

/** Memory that a Redis uses, in bytes. Rejects when it does not answer. */
export async function redisMemoryBytes(url: string): Promise<number> {
  return (await memoryAt(url)).usedBytes
}

async function memoryAt(url: string): Promise<RedisMemory> {
  const connection = await RedisConnection.open(url, systemClock)
  try {
    return await connection.repeat(ASK_MS, askMemory)
  } finally {
    await connection.close()
  }
}
