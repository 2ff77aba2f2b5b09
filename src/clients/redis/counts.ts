import { systemClock } from '../../core/contracts/clock.ts'
import { RedisConnection } from './connection.ts'

const ASK_MS = 2_000

/** Counts the commands that a Redis has carried out since it started, over one connection. Rejects when it does not answer. */
export async function redisCommands(
  url: string,
): Promise<{ readonly count: () => Promise<number>; close(): Promise<void> }> {
  const connection = await RedisConnection.open(url, systemClock)
  return {
    async count() {
      const stats = await connection.repeat(ASK_MS, (client) => client.info('stats'))
      return Number(/total_commands_processed:(\d+)/.exec(stats)![1])
    },
    close: () => connection.close(),
  }
}
