import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Admin } from '@platformatic/kafka'
import { describe, expect, it, onTestFinished } from 'vitest'
import { kafkaAddress } from '../../../src/clients/kafka/address.ts'
import { platformaticOptions } from '../../../src/clients/kafka/platformatic.ts'
import { checkService } from '../../../src/product/check/check.ts'
import { loadConfig } from '../../../src/product/config/load.ts'
import { RedisServer, whyNoRedis } from '../../ledgers/redis-server.ts'
import { needing } from '../../needs.ts'
import { describeWithServer } from '../../servers.ts'
import { shop } from '../shop.ts'

async function check(config: string, ratePerS?: number, files: Readonly<Record<string, string>> = {}) {
  const { folder } = shop(config, files)
  return checkService(await loadConfig(`${folder}/floodmark.config.ts`), ratePerS)
}
const levels = (findings: Awaited<ReturnType<typeof check>>, id: string) =>
  findings.filter((one) => one.id === id).map(({ level }) => level)

const ROUTE = "provider: 'generic', source: 'in', secrets: { file: 'secret.txt' }"

describe('floodmark check', () => {
  it('finds nothing that fails with the defaults, and leaves to decide what it cannot know', async () => {
    const findings = await check('limits: { connectionsMax: 100 }')
    expect(findings.filter(({ level }) => level === 'fail')).toEqual([])
    expect(levels(findings, 'in-flight')).toEqual(['warn'])
    expect(findings.map(({ text }) => text).join('')).not.toContain('\n')
  })

  it.each([
    ['secrets', '', undefined, { 'secret.txt': 'short' }],
    ['receiver', "receiver: './receiver.ts',", undefined, { 'receiver.ts': 'throw new Error("not installed")' }],
    ['handlers', '', undefined, { 'handlers.ts': 'export const none = 1' }],
    ['handlers', '', undefined, { 'handlers.ts': 'not TypeScript at all' }],
    ['queue-durable', "queue: 'memory',", undefined, {}],
    ['ledger-durable', "ledger: 'memory',", undefined, {}],
    ['queue-works', "queue: { use: 'redis-streams', url: 'http://127.0.0.1:1' },", undefined, {}],
    ['mark-life', "ledger: { use: 'lmdb', rememberForMs: 1_000 },", undefined, {}],
    ['body-limits', 'limits: { bodyBytesMax: 64 * 1024 * 1024, heldBytesMax: 256 * 1024 * 1024 },', undefined, {}],
    ['body-limits', `routes: { '/in': { ${ROUTE}, bodyBytesMax: 2 * 1024 * 1024 } },`, undefined, {}],
    ['body-limits', 'limits: { bodyBytesMax: 8 * 1024 * 1024, heldBytesMax: 9 * 1024 * 1024 },', undefined, {}],
    ['routes', "trustedProxies: ['proxy.local'],", undefined, {}],
    ['routes', `routes: { '/in': { ${ROUTE}, allowFrom: ['published'] } },`, undefined, {}],
    ['routes', `routes: { '/in': { ${ROUTE}, replies: { stale: { status: 200 } } } },`, undefined, {}],
    ['publish-deadline', "publishDeadline: '1m',", undefined, {}],
    ['in-flight', '', 10, {}],
    ['descriptors', 'limits: { connectionsMax: 100_000_000 },', undefined, {}],
  ] as const)('%s fails where it must: %s', async (id, config, ratePerS, files) => {
    expect(levels(await check(config, ratePerS, files), id)).toContain('fail')
  })

  it.each([
    ['', 'warn'],
    ['limits: { bodyBytesMax: 720_000 },', 'fail'],
    ['limits: { bodyBytesMax: 600_000 },', 'ok'],
  ])('tells where a queue takes less than a body of the limit needs: %s', async (limits, level) => {
    const driver = `import memory from '${MEMORY}'
      export default { ...memory, open: async (options) => {
        const queue = await memory.open(options)
        return Object.create(queue, { traits: { value: { ...queue.traits, publishBytesMax: 720 * 1024 } } })
      } }\n`
    const found = await check(`queue: { use: './queue.ts', url: 'any://where' }, ${limits}`, undefined, {
      'queue.ts': driver,
    })
    expect(levels(found, 'body-limits')).toEqual([level])
  })

  const MEMORY = new URL('../../../queues/memory.ts', import.meta.url).pathname
  const memory = (usedBytes: number, maxBytes: number) => ({ of: 'memory', usedBytes, maxBytes })
  const connections = (max: number, used: number) => ({ of: 'connections', eachProcess: 10, max, used })
  it.each([
    [memory(5e8, 0), undefined, 'warn'],
    [memory(5e8, 9e8), undefined, 'warn'],
    [memory(1e8, 9e8), undefined, 'ok'],
    [{ of: 'events', maxPerS: 3_000, liftedBy: 'more' }, undefined, 'warn'],
    [{ of: 'events', maxPerS: 3_000, liftedBy: 'more' }, 2_000, 'warn'],
    [{ of: 'events', maxPerS: 3_000, liftedBy: 'more' }, 1_000, 'ok'],
    [{ of: 'publishing', maxBytesPerS: 1e7 }, undefined, 'warn'],
    [{ of: 'publishing', maxBytesPerS: 1e7 }, 2_000, 'warn'],
    [{ of: 'publishing', maxBytesPerS: 1e7 }, 1_000, 'ok'],
    [{ of: 'unasked', needs: 'a-package' }, undefined, 'warn'],
    [connections(39, 0), undefined, 'fail'],
    [connections(97, 60), undefined, 'warn'],
    [connections(97, 57), undefined, 'ok'],
  ] as const)('judges what a server allows: %j at %s/s is %s', async (quota, ratePerS, level) => {
    const driver = `import memory from '${MEMORY}'
      export default { ...memory, quotas: async () => [${JSON.stringify(quota)}] }\n`
    const found = await check("queue: { use: './queue.ts', url: 'any://where' }, processes: 2,", ratePerS, {
      'queue.ts': driver,
    })
    expect(levels(found, 'quota')).toEqual([level])
  })

  it('counts what receivers ask of the ledger, where copies are answered otherwise', async () => {
    const files = {
      'ledger.ts': `import memory from '${MEMORY.replace('queues', 'ledgers')}'
        export default { ...memory, quotas: async () => [{ ...${JSON.stringify(connections(97, 0))}, eachLook: 5 }] }\n`,
    }
    const config = (replies: string, queue = "{ use: 'memory', url: 'any://where' }") => `queue: ${queue},
      ledger: './ledger.ts', processes: 2, routes: {
      '/in': { provider: 'generic', source: 'in', secrets: { file: 'secret.txt' }, ${replies} },
    },`
    const text = async (...given: Parameters<typeof config>) =>
      (await check(config(...given), undefined, files)).find(({ id }) => id === 'quota')!.text
    expect(await text('')).toContain('open up to 20 connections')
    expect(await text('replies: { duplicate: {} }')).toContain('open up to 30 connections')
    // A queue that belongs to one process leaves no other command.
    expect(await text('replies: { duplicate: {} }', "'embedded'")).toContain('node opens up to 10 connections')
  })

  it('finds a port that somebody else has, and says who where that can be known', async () => {
    const server = createServer((_, response) => void response.end(answer)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    let answer = 'nothing of ours'
    expect(levels(await check(`admin: { port: ${port} },`), 'admin')).toEqual(['fail'])
    answer = '{"processes":[]}'
    expect(levels(await check(`admin: { port: ${port} },`), 'admin')).toEqual(['warn'])
    expect(levels(await check(`listen: { port: ${port}, host: '127.0.0.1' },`), 'listen')).toEqual(['warn', 'warn'])
    expect(levels(await check(`listen: { port: ${port}, host: 'localhost' },`), 'listen')).toEqual(['warn', 'warn'])
    expect(levels(await check("listen: { port: 0, host: '192.0.2.1' },"), 'listen')).toEqual(['fail', 'ok'])
    const both = `listen: { port: ${port} }, admin: { port: ${port} },`
    expect(levels(await check(both), 'admin')).toEqual(['fail'])
    expect(levels(await check('admin: { port: 0 },'), 'admin')).toEqual(['ok'])
  })

  it('says so where what is expected fits', async () => {
    expect(levels(await check('', 5_000), 'in-flight')).toEqual(['ok'])
  })
})

it(
  'says how much memory the marks of a redis ledger need, and whether its server has it',
  needing(whyNoRedis()),
  async () => {
    const server = await RedisServer.start(['--appendonly', 'no', '--maxmemory', '1gb'])
    const config = `ledger: { use: 'redis', url: '${server.url}' },`
    expect(levels(await check(config, 1), 'mark-room')).toEqual(['ok'])
    const findings = await check(config, 500)
    expect(levels(findings, 'mark-room')).toEqual(['warn'])
    expect(findings.map(({ text }) => text).join()).toMatch(
      /\d+ h of them at 500\/s need \d+ GiB, and the server may use 1024 MiB/,
    )
    await server.remove()
  },
)

it('tells where whoever sends may say whose request it is', async () => {
  const proxies = (more: string, ranges: string) =>
    check(`routes: { '/in': { ${ROUTE}, ${more} } }, trustedProxies: ['${ranges}'],`)
  const limited = 'rate: { each: { perS: 5 } }'
  expect(levels(await proxies(limited, '0.0.0.0/0'), 'proxies')).toEqual(['warn'])
  expect(levels(await proxies(limited, '10.0.0.0/8'), 'proxies')).toEqual([])
  expect(levels(await proxies('', '::/0'), 'proxies')).toEqual([])
})

it('floodmark check exits with 1 where something fails, and names each in a line', async () => {
  const { code, out } = await shop("ledger: 'memory',").start('check').ended
  expect(code).toBe(1)
  expect(out).toMatch(/^FAIL {2}ledger: what took effect does not survive receiver-crash/m)
})

const REAL = [
  { server: 'redis', queues: ['redis-streams', 'bullmq'], ledger: 'redis', text: /memory/ },
  {
    server: 'postgres',
    queues: ['postgres'],
    ledger: 'postgres',
    text: /queue postgres and ledger postgres: .* up to 96 connections/,
  },
  { server: 'sqs', queues: ['sqs-fifo'], ledger: undefined, text: undefined },
  { server: 'kafka', queues: ['kafka', 'kafkajs'], ledger: undefined, text: undefined },
] as const

for (const { server, queues, ledger, text } of REAL) {
  describeWithServer(server, (running) => {
    it.each(queues)('floodmark check asks the server of %s what it allows', async (queue) => {
      const store = (use: string) => `{ use: '${use}', url: '${running().url}' }`
      const both = `queue: ${store(queue)}, ${ledger ? `ledger: ${store(ledger)},` : ''} processes: 2,`
      const found = (await check(both)).filter(({ id }) => id === 'quota' || id.endsWith('-works'))
      expect(found.filter(({ level }) => level === 'fail')).toEqual([])
      const quotas = found.filter(({ id }) => id === 'quota').map((one) => one.text)
      expect(quotas).toEqual(text ? [expect.stringMatching(text)] : [])
    })
  })
}

describeWithServer('kafka', (running) => {
  it.each(['kafka', 'kafkajs'])('floodmark check says what a quota lets %s publish', async (queue) => {
    const { url } = running()
    const admin = new Admin(platformaticOptions(kafkaAddress(url)))
    const entities = [{ entityType: 'client-id' as const, entityName: 'floodmark' }]
    const quota = { key: 'producer_byte_rate' as const, value: 1024 * 1024, remove: false as const }
    await admin.alterClientQuotas({ entries: [{ entities, ops: [quota] }], validateOnly: false })
    await admin.close()
    const asked = () => check(`queue: { use: '${queue}', url: '${url}' },`, 200)
    // A broker hears of it a moment later.
    await expect.poll(async () => levels(await asked(), 'quota')).toEqual(['warn'])
    const texts = (await asked()).filter(({ id }) => id === 'quota').map(({ text }) => text)
    expect(texts).toEqual([expect.stringMatching(/each broker takes 1\.00 MiB\/s of this service/)])
  })
})
