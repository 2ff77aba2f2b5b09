import { spawnSync } from 'node:child_process'
import { FloodmarkError } from '../../../core/contracts/errors.ts'
import type { Fsync } from '../server.ts'
import type { Recipe, ServerKindDefinition } from './definition.ts'

/** No snapshots: the log alone holds the data. An evicting server would forget events and marks without a word. */
export const REDIS_SETTINGS = {
  save: '',
  appendonly: 'yes',
  'maxmemory-policy': 'noeviction',
} as const

const INSTALL =
  'install it (apt-get install redis-server, or brew install redis), start Docker, or give the URL of a server'

/** @throws FloodmarkError 'unavailable' when there is no redis-server on this machine. */
function recipe(fsync: Fsync): Recipe {
  const { stdout, error } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' })
  if (error) throw new FloodmarkError('unavailable', `there is no redis-server: ${INSTALL}`, { cause: error })
  const version = /v=([\w.]+)/.exec(stdout)?.[1] ?? ''
  return {
    says: `Redis ${version}, appendfsync ${fsync}`,
    ports: 1,
    readyMaxMs: 30_000,
    async prepare(folder, [port]) {
      const settings = { ...REDIS_SETTINGS, appendfsync: fsync, bind: '127.0.0.1', port: String(port), dir: folder }
      return {
        file: 'redis-server',
        args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
      }
    },
  }
}

const redis: ServerKindDefinition = {
  name: 'redis',
  urlLike: { pattern: /^rediss?(\+sentinel)?:\/\/\S+$/, example: 'redis://host:6379' },
  scheme: 'redis',
  defaultPort: 6379,
  probe: async (url, ms) => (await import('../../../clients/redis/probe.ts')).probeRedis(url, ms),
  namespaces: async (url) => (await import('../../../clients/redis/namespaces.ts')).redisNamespaces(url),
  recipe: async ({ fsync }) => recipe(fsync),
  compose: { env: (fsync) => ({ FLOODMARK_REDIS_APPENDFSYNC: fsync }) },
  counts: async (url) => (await import('../../../clients/redis/counts.ts')).redisCounts(url),
  memoryBytes: async (url) => (await import('../../../clients/redis/memory-bytes.ts')).redisMemoryBytes(url),
}
export default redis
