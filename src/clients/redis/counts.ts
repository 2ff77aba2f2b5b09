import { systemClock } from '../../core/contracts/clock.ts'
import { RedisConnection } from './connection.ts'

const ASK_MS = 2_000
/** What this asks itself. */
const OWN = 'INFO'

/**
 * The commands that a Redis has carried out since it started, by name and those of scripts too, and the size of its log, which is
 * smaller after it was rewritten. Over one connection. Rejects when it does not answer.
 */
export async function redisCounts(url: string) {
  const connection = await RedisConnection.open(url, systemClock)
  return {
    read: () =>
      connection.repeat(ASK_MS, async (client) => {
        const [commands, persistence] = await Promise.all([client.info('commandstats'), client.info('persistence')])
        const logBytes = /^aof_current_size:(\d+)/m.exec(persistence)?.[1]
        return { calls: callsIn(commands), ...(logBytes !== undefined && { logBytes: Number(logBytes) }) }
      }),
    close: () => connection.close(),
  }
}

function callsIn(commandstats: string): Record<string, number> {
  const found = commandstats.matchAll(/^cmdstat_([^:\r\n]+):calls=(\d+)/gm)
  const named = Array.from(found, ([, name, calls]) => [name!.toUpperCase().replace('|', ' '), Number(calls)] as const)
  return Object.fromEntries(named.filter(([name]) => name !== OWN))
}
