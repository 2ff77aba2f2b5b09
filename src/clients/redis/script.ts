import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { messageOf } from '../../core/contracts/errors.ts'
import { isAnswer } from './connection.ts'

/** A Lua script, and the name by which a server that has seen it knows it. */
export interface Script {
  readonly source: string
  readonly sha: string
}

export function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

/**
 * Runs a script by its name, and sends it whole to a server that does not know it. Another call may come between, so this is not for
 * what must keep its order. Rejects with the client's own error.
 */
export async function runScript<T>(
  client: Redis,
  { source, sha }: Script,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
  how: 'call' | 'callBuffer' = 'call',
): Promise<T> {
  const rest = [keys.length, ...keys, ...args]
  try {
    return (await client[how]('EVALSHA', [sha, ...rest])) as T
  } catch (error) {
    if (!isUnknownScript(error)) throw error
    return (await client[how]('EVAL', [source, ...rest])) as T
  }
}

/** Whether the server does not know a script by its name, by the client's own error. */
export const isUnknownScript = (error: unknown): boolean => messageOf(error).startsWith('NOSCRIPT')

/** Lets the server know a script before the first call by its name. Where that is not allowed, the first call sends it whole. */
export async function loadScript(client: Redis, { source }: Script): Promise<void> {
  try {
    await client.script('LOAD', source)
  } catch (error) {
    if (!isAnswer(error)) throw error
  }
}
