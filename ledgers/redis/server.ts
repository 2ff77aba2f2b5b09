import type { Redis } from 'ioredis'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { FailureMode } from '../../src/core/contracts/queue.ts'

export interface Server {
  /** Product, version and what decides over its durability. */
  readonly text: string
  readonly survives: readonly FailureMode[]
}

type Fields = Readonly<Record<string, string | undefined>>

/** What the server answered; config is undefined where it does not let us ask, as managed ones do not. */
export interface Answers {
  readonly info: Fields
  readonly config: Fields | undefined
}

/**
 * What the answers mean. @throws FloodmarkError 'misuse' when a ledger on this server would forget things: a replica,
 * a node of a cluster, or one that evicts keys.
 */
export function judge({ info, config }: Answers): Server {
  if (info.role !== 'master') {
    throw refusal(`is a ${info.role} of ${info.master_host}:${info.master_port}`, 'give the address of its primary')
  }
  if (info.redis_mode === 'cluster') {
    throw refusal('is a node of a cluster', 'give the address of a single server, or of a proxy')
  }
  const policy = config?.['maxmemory-policy'] ?? info.maxmemory_policy
  if (policy !== undefined && policy !== 'noeviction') {
    throw refusal(
      `may evict keys (maxmemory-policy ${policy}), and with them what was settled`,
      'set maxmemory-policy noeviction',
    )
  }
  const product = info.valkey_version ? `Valkey ${info.valkey_version}` : `Redis ${info.redis_version ?? 'unknown'}`
  return { text: `${product}, ${durability(info, config).join(', ')}`, survives: survives(info, config) }
}

function durability(info: Fields, config: Fields | undefined): string[] {
  if (info.aof_enabled === '0') return ['appendonly no']
  if (!config) return ['appendonly yes', 'appendfsync unknown (CONFIG is not allowed)']
  const rewriting = config['no-appendfsync-on-rewrite'] === 'yes' ? ['no-appendfsync-on-rewrite yes'] : []
  return [`appendonly ${config.appendonly}`, `appendfsync ${config.appendfsync}`, ...rewriting]
}

/** With everysec up to a second of writes waits in the server's own memory: its death may lose what was settled. */
function survives(info: Fields, config: Fields | undefined): readonly FailureMode[] {
  if (!config) return []
  const synced = config.appendfsync === 'always' && config['no-appendfsync-on-rewrite'] !== 'yes'
  const always = info.aof_enabled === '1' && config.appendonly === 'yes' && synced
  return always ? ['receiver-crash', 'broker-crash', 'power-loss'] : ['receiver-crash']
}

export async function ask(redis: Redis): Promise<Answers> {
  const info = fields(await redis.info())
  try {
    const pairs = [
      ...((await redis.config('GET', '*append*')) as string[]),
      ...((await redis.config('GET', 'maxmemory-policy')) as string[]),
    ]
    const config = Object.fromEntries(pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1]!]] : [])))
    return { info, config: config.appendfsync === undefined ? undefined : config }
  } catch (error) {
    if (error instanceof Error && error.name === 'ReplyError') return { info, config: undefined }
    throw error
  }
}

function fields(info: string): Fields {
  return Object.fromEntries(
    info.split('\r\n').flatMap((line) => {
      const at = line.indexOf(':')
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : []
    }),
  )
}

function refusal(what: string, remedy: string): FloodmarkError {
  return new FloodmarkError('misuse', `this redis ${what}: ${remedy}`)
}
