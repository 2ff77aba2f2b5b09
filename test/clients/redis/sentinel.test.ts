import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import redisLedger from '../../../ledgers/redis.ts'
import bullmq from '../../../queues/bullmq.ts'
import redisStreams from '../../../queues/redis-streams.ts'
import { redisAddress } from '../../../src/clients/redis/address.ts'
import { freePorts } from '../../../src/runner/servers/ports.ts'
import { anEvent } from '../../events.ts'
import { RedisServer, tlsSettings, whyNoRedis } from '../../ledgers/redis-server.ts'
import { fullUnless, needing } from '../../needs.ts'
import { ONE } from '../../product/certificates.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-sentinel-'))
const sentinels: ChildProcess[] = []
// As NODE_EXTRA_CA_CERTS does at the start of a process.
const trusted = getCACertificates('default')
setDefaultCACertificates([...trusted, ONE.cert])
afterAll(async () => {
  setDefaultCACertificates(trusted)
  for (const one of sentinels) one.kill('SIGKILL')
  await RedisServer.removeAll()
  rmSync(folder, { recursive: true, force: true })
})

/** One sentinel, which is enough to agree with itself. */
async function startSentinel(primaryPort: number, secure: boolean): Promise<number> {
  const [port] = (await freePorts(1)) as [number]
  const file = join(folder, `sentinel-${port}.conf`)
  const watching = [
    `monitor kit 127.0.0.1 ${primaryPort} 1`,
    'down-after-milliseconds kit 500',
    'failover-timeout kit 2000',
  ]
  const at = Object.entries(secure ? tlsSettings(folder, port) : { port }).map(([name, value]) => `${name} ${value}`)
  const lines = [...at, 'bind 127.0.0.1', `dir ${folder}`, ...watching.map((line) => `sentinel ${line}`)]
  writeFileSync(file, lines.join('\n'))
  sentinels.push(spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' }))
  const admin = new Redis({ port, host: '127.0.0.1', protocol: 2, ...(secure && { tls: {} }) })
  admin.on('error', () => {})
  // Until it knows the replica, it has nobody to fail over to.
  const replicas = async () => ((await admin.call('SENTINEL', 'REPLICAS', 'kit')) as unknown[]).length
  await expect.poll(() => replicas().catch(() => 0)).toBe(1)
  admin.disconnect()
  return port
}

describe('the address of a primary that sentinels know', () => {
  it('has several hosts, a name, and a login of the server', () => {
    const { shown, options } = redisAddress('redis+sentinel://app:pa%40ss:word@a,b:26380,[::1]:1/kit', {
      FLOODMARK_SENTINEL_PASSWORD: 'other',
    })
    expect(shown).toBe('kit of the sentinels a,b:26380,[::1]:1')
    expect(options).toEqual({
      sentinels: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 26_380 },
        { host: '[::1]', port: 1 },
      ],
      name: 'kit',
      username: 'app',
      password: 'pa@ss:word',
      sentinelPassword: 'other',
    })
    expect(redisAddress('rediss+sentinel://a/kit').options).toMatchObject({ tls: {}, enableTLSForSentinelMode: true })
    for (const url of ['redis+sentinel://a', 'redis+sentinel://a,/kit', 'redis+sentinel://a:x/kit', 'http://a/kit']) {
      expect(() => redisAddress(url), url).toThrow('redis+sentinel://host1,host2,host3/name-of-the-primary')
    }
  })

  const missing = needing(whyNoRedis())
  const plain = { ...missing, ...fullUnless(true) }
  it('leads to the new primary after a failover, for queues and ledger', plain, () => failover('redis+sentinel'))

  const secure = { ...missing, ...fullUnless(false) }
  it('does so where servers and sentinels speak TLS alone', secure, () => failover('rediss+sentinel'))

  async function failover(scheme: 'redis+sentinel' | 'rediss+sentinel'): Promise<void> {
    const kind = { secure: scheme === 'rediss+sentinel' }
    const primary = await RedisServer.start(undefined, kind)
    await RedisServer.start(['--appendonly', 'yes', '--replicaof', '127.0.0.1', String(primary.port)], kind)
    const port = await startSentinel(primary.port, kind.secure)
    // Most clusters have a sentinel that is down for now.
    const at = { url: `${scheme}://127.0.0.1:1,127.0.0.1:${port}/kit`, namespace: 'sentinel' }
    const stores = {
      'redis-streams': await redisStreams.open(at),
      bullmq: await bullmq.open(at),
      ledger: await redisLedger.open(at),
    }
    const seen = new Set<string>()
    const stop = new AbortController()
    const consuming = [stores['redis-streams'], stores.bullmq].map((queue) =>
      queue.consume(
        async (batch) => {
          for (const { event } of batch) seen.add(`${queue.traits.name} ${event.id}`)
          return batch.map(() => 'ack')
        },
        { batchEventsMax: 10, handlersMax: 1, leaseMs: 5_000, signal: stop.signal },
      ),
    )
    const write = async (id: string) => {
      const event = anEvent(id)
      await stores['redis-streams'].publish([event], { deadlineMs: 5_000 })
      await stores.bullmq.publish([event], { deadlineMs: 5_000 })
      await stores.ledger.claim([event], 1_000)
      return 'written'
    }
    // A replica may take over without the last writes, so no more is promised.
    expect(stores['redis-streams'].traits.survives).toEqual(['receiver-crash'])
    expect(stores.ledger.traits.survives).toEqual(['receiver-crash'])
    // Where the primary has no core for a while, a sentinel may fail over before it is killed.
    await expect.poll(() => write('1').catch(({ code }) => code)).toBe('written')
    await expect.poll(() => seen.size).toBe(2)
    await primary.kill()
    await expect.poll(() => write('2').catch(({ code }) => code)).toBe('written')
    await expect
      .poll(() => seen)
      .toEqual(new Set(['redis-streams test:1', 'redis-streams test:2', 'bullmq test:1', 'bullmq test:2']))
    stop.abort()
    await Promise.all(consuming)
    await Promise.all(Object.values(stores).map((store) => store.close()))
  }
})
