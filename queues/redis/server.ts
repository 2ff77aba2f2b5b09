import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { FailureMode } from '../../src/core/contracts/queue.ts'
import type { Link } from './link.ts'

const ASK_MS = 5_000

/** What one Redis does with an acknowledged write, from its own answers. */
export interface RedisServer {
  /** Product, version and the settings that decide. */
  readonly text: string
  readonly survives: readonly FailureMode[]
}

/** @throws FloodmarkError 'unavailable' when it does not answer; 'misuse' when it must not be used: a replica, or one that may evict. */
export async function askServer(link: Link): Promise<RedisServer> {
  const info = fieldsOf(await link.ask(ASK_MS, (client) => client.info()))
  const product = info.get('server_name') ?? (info.has('dragonfly_version') ? 'dragonfly' : 'redis')
  const version = info.get(`${product}_version`) ?? info.get('redis_version') ?? 'of unknown version'
  const name = `${product} ${version}`
  if (info.has('role') && info.get('role') !== 'master') {
    throw new FloodmarkError('misuse', `${name} is a replica and takes no writes: give the address of its primary`)
  }
  const policy = info.get('maxmemory_policy')
  if (Number(info.get('maxmemory') ?? 0) > 0 && policy !== 'noeviction') {
    const why = `${name} deletes stored events when its memory is full (maxmemory-policy ${policy})`
    throw new FloodmarkError('misuse', `${why}: set maxmemory-policy noeviction`)
  }
  return askDurability(link, name)
}

async function askDurability(link: Link, name: string): Promise<RedisServer> {
  let config: Map<string, string>
  try {
    const flat = await link.ask(ASK_MS, (client) => client.config('GET', '*append*') as Promise<string[]>)
    config = new Map(flat.flatMap((text, at) => (at % 2 === 0 ? [[text, flat[at + 1]!] as const] : [])))
  } catch (error) {
    if (!(error instanceof FloodmarkError && error.definite)) throw error
    config = new Map()
  }
  const append = config.get('appendonly')
  const fsync = config.get('appendfsync')
  if (append === undefined || fsync === undefined) {
    const text = `${name}, durability unknown: it does not answer CONFIG GET`
    return { text, survives: ['receiver-crash'] }
  }
  const pauses = config.get('no-appendfsync-on-rewrite') === 'yes'
  const text = `${name}, appendonly ${append}, appendfsync ${fsync}${pauses ? ', none while rewriting' : ''}`
  // everysec may hold back its write as well as its fsync for up to 2 s, so a killed server may have lost the last of it.
  const synced = append === 'yes' && fsync === 'always' && !pauses
  return { text, survives: synced ? ['receiver-crash', 'broker-crash', 'power-loss'] : ['receiver-crash'] }
}

function fieldsOf(info: string): Map<string, string> {
  const lines = info.split(/\r?\n/).filter((line) => line.includes(':') && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}
