import { readFileSync, statSync } from 'node:fs'
import type { Redis } from 'ioredis'
import type { Clock } from '../../core/contracts/clock.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { FailureMode } from '../../core/contracts/queue.ts'
import { redisAddress } from './address.ts'
import { isAnswer, RedisConnection } from './connection.ts'
import { loadScript, type Script } from './script.ts'

/** What one Redis promises for a write that it acknowledged, from its own answers. */
export interface RedisFacts {
  /** Product and version: 'Redis 7.4.2'. */
  readonly product: string
  /** The product, and the settings that decide over durability. */
  readonly text: string
  readonly survives: readonly FailureMode[]
  /** Its folder; undefined where the server is no process of this machine, or does not tell. */
  readonly folder: string | undefined
  readonly memory: RedisMemory
}

export interface RedisMemory {
  readonly usedBytes: number
  /** 0: no limit. */
  readonly maxBytes: number
  /** What it does when its memory is full; undefined where it does not tell. */
  readonly policy: string | undefined
}

type InfoFields = Readonly<Record<string, string | undefined>>

/** What a Redis answered. */
export interface RedisAnswers {
  /** INFO */
  readonly info: InfoFields
  /** CONFIG GET; undefined where the server does not let us ask, as managed ones do not. */
  readonly config: InfoFields | undefined
}

/** The least version: consumers take over entries by XAUTOCLAIM. */
const LEAST_VERSION = [6, 2] as const

/** A connection, and what the server behind it promised when it was made, which may be another server each time. */
export interface JudgedRedis {
  readonly connection: RedisConnection
  readonly facts: RedisFacts
}

/**
 * Connects, and asks the server what it promises: again after each reconnect, since a name may then lead to another one. A
 * server that is refused is asked again until it is another, or is changed. `scripts`: what the server knows by name before
 * anything else is sent. @throws as judgeRedis, or 'unavailable' when it cannot be reached.
 */
export async function openRedis(url: string, clock: Clock, scripts: readonly Script[] = []): Promise<JudgedRedis> {
  let facts: RedisFacts | undefined
  const { options } = redisAddress(url)
  const connection = await RedisConnection.open(url, clock, async (client) => {
    const judged = judgeRedis(await askRedis(client))
    facts = 'url' in options ? judged : { ...judged, ...failingOver(judged) }
    for (const script of scripts) await loadScript(client, script)
  })
  return {
    connection,
    get facts() {
      return facts!
    },
  }
}

/** Sentinels put a replica in the place of a primary that died, and replicas get its writes after they were acknowledged. */
function failingOver({ text, survives }: RedisFacts): Pick<RedisFacts, 'text' | 'survives'> {
  const kept = survives.filter((failure) => failure === 'receiver-crash')
  return { text: `${text}, by sentinels: a failover may lose the last writes`, survives: kept }
}

/** Rejects with the client's own error. */
export async function askMemory(client: Redis): Promise<RedisMemory> {
  return memoryOf(fieldsOf(await client.info('memory')))
}

function memoryOf(info: InfoFields): RedisMemory {
  const bytes = (field: string | undefined) => Number(field) || 0
  return { usedBytes: bytes(info.used_memory), maxBytes: bytes(info.maxmemory), policy: info.maxmemory_policy }
}

/** The policy in words for people, which follow the name of a server. */
export function evictsWith(policy: string): string {
  return `deletes stored keys when its memory is full (maxmemory-policy ${policy}): set maxmemory-policy noeviction`
}

/** Rejects with the client's own error. */
export async function askRedis(client: Redis): Promise<RedisAnswers> {
  const info = fieldsOf(await client.info())
  try {
    const append = (await client.config('GET', '*append*')) as string[]
    const policy = (await client.config('GET', 'maxmemory-policy')) as string[]
    const flat = [...append, ...policy, ...((await client.config('GET', 'dir')) as string[])]
    const config = Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]!]] : [])))
    return { info, config }
  } catch (error) {
    if (isAnswer(error)) return { info, config: undefined }
    throw error
  }
}

/**
 * What the answers mean. @throws FloodmarkError 'misuse' when a queue or a ledger would lose or never store what it took: on a
 * replica, on a node of a cluster, or on a server that evicts keys; 'unavailable' while the server loads its data.
 */
export function judgeRedis({ info, config }: RedisAnswers): RedisFacts {
  const product = productOf(info)
  const refuse = (what: string, remedy: string) => new FloodmarkError('misuse', `this ${product} ${what}: ${remedy}`)
  if (info.loading === '1') {
    throw new FloodmarkError('unavailable', `this ${product} is still loading its data: try again when it has finished`)
  }
  if (info.role !== undefined && info.role !== 'master') {
    const primary = info.master_host ? ` of ${info.master_host}:${info.master_port}` : ''
    throw refuse(`is a replica${primary} and takes no writes`, 'give the address of its primary')
  }
  if (isOlder(info.redis_version)) {
    throw refuse('is too old', `use Redis ${LEAST_VERSION.join('.')} or newer, or Valkey`)
  }
  // Valkey has another name for the mode since version 9.
  const mode = info.redis_mode ?? info.server_mode
  if (mode === 'sentinel') {
    throw refuse('is a sentinel', 'give redis+sentinel://host:port/name, by the name that it knows the primary by')
  }
  if (mode === 'cluster' || info.cluster_enabled === '1') {
    throw refuse('is a node of a cluster', 'give the address of a single server, or of a proxy')
  }
  // Also without a maxmemory: whoever chose such a policy may set one at any time.
  const policy = config?.['maxmemory-policy'] ?? info.maxmemory_policy
  if (policy !== undefined && policy !== 'noeviction') {
    throw new FloodmarkError('misuse', `this ${product} ${evictsWith(policy)}`)
  }
  const memory = { ...memoryOf(info), policy }
  return { product, ...durabilityOf(product, info, config), folder: folderHere(info, config?.dir), memory }
}

/** An acknowledged write lies in the server's memory at least, so it outlives our own process whatever the settings are. */
function durabilityOf(
  product: string,
  info: InfoFields,
  config: InfoFields | undefined,
): Pick<RedisFacts, 'text' | 'survives'> {
  const append = info.aof_enabled === '0' ? 'no' : config?.appendonly
  if (append === 'no') return { text: `${product}, appendonly no`, survives: ['receiver-crash'] }
  const fsync = config?.appendfsync
  if (append === undefined || fsync === undefined) {
    const text = `${product}, durability unknown: it does not answer CONFIG GET`
    return { text, survives: ['receiver-crash'] }
  }
  const pauses = config?.['no-appendfsync-on-rewrite'] === 'yes'
  const text = `${product}, appendonly ${append}, appendfsync ${fsync}${pauses ? ', no-appendfsync-on-rewrite yes' : ''}`
  // everysec may hold back its write as well as its fsync for up to 2 s, so a killed server may have lost the last of it.
  const synced = append === 'yes' && fsync === 'always' && !pauses
  return { text, survives: synced ? ['receiver-crash', 'broker-crash', 'power-loss'] : ['receiver-crash'] }
}

/** Only where the process that the server says it is runs here and is one of its kind: a container's has another number. */
function folderHere({ process_id: pid }: InfoFields, dir: string | undefined): string | undefined {
  if (dir === undefined || !/^\d+$/.test(pid ?? '')) return undefined
  try {
    if (!/redis|valkey|dragonfly|keydb/.test(readFileSync(`/proc/${pid}/comm`, 'utf8'))) return undefined
    return statSync(dir).isDirectory() ? dir : undefined
  } catch {
    return undefined
  }
}

/** Others tell the version of Redis that they are like. */
function isOlder(version: string | undefined): boolean {
  if (!version) return false
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [leastMajor, leastMinor] = LEAST_VERSION
  return major < leastMajor || (major === leastMajor && minor < leastMinor)
}

/** Others that speak the protocol also tell a redis_version, for clients that look for one. */
export function productOf(info: InfoFields): string {
  if (info.dragonfly_version) return `Dragonfly ${info.dragonfly_version}`
  if (info.valkey_version) return `Valkey ${info.valkey_version}`
  return `Redis ${info.redis_version ?? 'of unknown version'}`
}

function fieldsOf(info: string): InfoFields {
  return Object.fromEntries(
    info.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':')
      return colon > 0 && !line.startsWith('#') ? [[line.slice(0, colon), line.slice(colon + 1)]] : []
    }),
  )
}
