import { describe, expect, it } from 'vitest'
import redisLedger from '../../../ledgers/redis.ts'
import bullmq from '../../../queues/bullmq.ts'
import redisStreams from '../../../queues/redis-streams.ts'
import { judgeRedis, type RedisAnswers } from '../../../src/clients/redis/facts.ts'
import { RedisServer, whyNoRedis } from '../../ledgers/redis-server.ts'
import { needing } from '../../needs.ts'

const durable = {
  appendonly: 'yes',
  appendfsync: 'always',
  'no-appendfsync-on-rewrite': 'no',
  'maxmemory-policy': 'noeviction',
}
const answers = (info: RedisAnswers['info'], config: RedisAnswers['config'] = durable): RedisAnswers => ({
  info: { redis_version: '7.4.2', role: 'master', redis_mode: 'standalone', aof_enabled: '1', ...info },
  config,
})

describe('what a Redis promises', () => {
  it('is read from its settings, and a power loss only counts where each write is synced', () => {
    const settings = 'appendonly yes, appendfsync always'
    expect(judgeRedis(answers({}))).toEqual({
      product: 'Redis 7.4.2',
      text: `Redis 7.4.2, ${settings}`,
      survives: ['receiver-crash', 'broker-crash', 'power-loss'],
      folder: undefined,
      memory: { usedBytes: 0, maxBytes: 0, policy: 'noeviction' },
    })
    for (const weaker of [{ appendonly: 'no' }, { appendfsync: 'everysec' }, { 'no-appendfsync-on-rewrite': 'yes' }]) {
      expect(judgeRedis(answers({}, { ...durable, ...weaker })).survives).toEqual(['receiver-crash'])
    }
    // Switched on in the settings, and not working yet.
    expect(judgeRedis(answers({ aof_enabled: '0' })).survives).toEqual(['receiver-crash'])
  })

  it('is unknown where it does not answer CONFIG GET, but for what a process of ours may do', () => {
    const { text, survives } = judgeRedis({ ...answers({}), config: undefined })
    expect(text).toBe('Redis 7.4.2, durability unknown: it does not answer CONFIG GET')
    expect(survives).toEqual(['receiver-crash'])
  })

  it('names the product that really answered', () => {
    expect(judgeRedis(answers({ valkey_version: '8.1.0' })).product).toBe('Valkey 8.1.0')
    expect(judgeRedis(answers({ dragonfly_version: 'df-v1.27.1' })).product).toBe('Dragonfly df-v1.27.1')
  })

  it.each<[string, RedisAnswers, string, string]>([
    [
      'a replica',
      answers({ role: 'slave', master_host: '10.0.0.1', master_port: '6379' }),
      'misuse',
      'is a replica of 10.0.0.1:6379 and takes no writes: give the address of its primary',
    ],
    [
      'a node of a cluster',
      answers({ redis_mode: 'cluster' }),
      'misuse',
      'is a node of a cluster: give the address of a single server, or of a proxy',
    ],
    [
      'one that evicts, without a limit yet',
      answers({ maxmemory: '0' }, { ...durable, 'maxmemory-policy': 'allkeys-lru' }),
      'misuse',
      'deletes stored keys when its memory is full (maxmemory-policy allkeys-lru): set maxmemory-policy noeviction',
    ],
    [
      'one that evicts and does not answer CONFIG GET',
      { ...answers({ maxmemory_policy: 'volatile-ttl' }), config: undefined },
      'misuse',
      'deletes stored keys when its memory is full (maxmemory-policy volatile-ttl): set maxmemory-policy noeviction',
    ],
    ...['redis_mode', 'server_mode'].flatMap((field): [string, RedisAnswers, string, string][] => [
      [
        `a node of a cluster, by ${field}`,
        { info: { redis_version: '7.2.4', role: 'master', [field]: 'cluster' }, config: undefined },
        'misuse',
        'is a node of a cluster: give the address of a single server, or of a proxy',
      ],
      [
        `a sentinel, by ${field}`,
        { info: { redis_version: '7.2.4', [field]: 'sentinel' }, config: undefined },
        'misuse',
        'is a sentinel: give redis+sentinel://host:port/name, by the name that it knows the primary by',
      ],
    ]),
    [
      'one that loads its data',
      answers({ loading: '1' }),
      'unavailable',
      'is still loading its data: try again when it has finished',
    ],
    [
      'one that lacks what is used',
      answers({ redis_version: '6.0.16' }),
      'misuse',
      'is too old: use Redis 6.2 or newer, or Valkey',
    ],
  ])('is nothing on %s: it is refused in one sentence that says what to do', (_, given, code, what) => {
    expect(() => judgeRedis(given)).toThrow(
      expect.objectContaining({ code, message: `this Redis ${given.info.redis_version} ${what}` }),
    )
  })
})

const missing = whyNoRedis()
const server = missing === undefined ? await RedisServer.start(['--cluster-enabled', 'yes']) : undefined

describe('a node of a cluster', needing(missing), () => {
  it.each([
    ['redis-streams', redisStreams],
    ['bullmq', bullmq],
    ['the redis ledger', redisLedger],
  ])('is refused by %s, as by the others', async (_, driver) => {
    const opening = driver.open({ url: server!.url, namespace: 'cluster' })
    await expect(opening).rejects.toMatchObject({
      code: 'misuse',
      message: expect.stringContaining('is a node of a cluster'),
    })
  })
})
