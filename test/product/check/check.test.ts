import { describe, expect, it } from 'vitest'
import { checkService } from '../../../src/product/check/check.ts'
import { loadConfig } from '../../../src/product/config/load.ts'
import { RedisServer, whyNoRedis } from '../../ledgers/redis-server.ts'
import { needing } from '../../needs.ts'
import { shop } from '../shop.ts'

async function check(config: string, ratePerS?: number, files: Readonly<Record<string, string>> = {}) {
  const { folder } = shop(config, files)
  return checkService(await loadConfig(`${folder}/floodmark.config.ts`), ratePerS)
}
const levels = (findings: Awaited<ReturnType<typeof check>>, id: string) =>
  findings.filter((one) => one.id === id).map(({ level }) => level)

describe('floodmark check', () => {
  it('finds nothing that fails with the defaults, and leaves to decide what it cannot know', async () => {
    const findings = await check('limits: { connectionsMax: 100 }')
    expect(findings.filter(({ level }) => level === 'fail')).toEqual([])
    expect(levels(findings, 'in-flight')).toEqual(['warn'])
    expect(findings.map(({ text }) => text).join('')).not.toContain('\n')
  })

  it.each([
    ['secrets', '', undefined, { 'secret.txt': 'short' }],
    ['handlers', '', undefined, { 'handlers.ts': 'export const none = 1' }],
    ['handlers', '', undefined, { 'handlers.ts': 'not TypeScript at all' }],
    ['queue-durable', "queue: 'memory',", undefined, {}],
    ['ledger-durable', "ledger: 'memory',", undefined, {}],
    ['queue-works', "queue: { use: 'redis-streams', url: 'http://127.0.0.1:1' },", undefined, {}],
    ['mark-life', "ledger: { use: 'lmdb', rememberForMs: 1_000 },", undefined, {}],
    ['body-limits', 'limits: { bodyBytesMax: 64 * 1024 * 1024, heldBytesMax: 256 * 1024 * 1024 },', undefined, {}],
    ['publish-deadline', "publishDeadline: '1m',", undefined, {}],
    ['in-flight', '', 10, {}],
    ['descriptors', 'limits: { connectionsMax: 100_000_000 },', undefined, {}],
  ] as const)('%s fails where it must: %s', async (id, config, ratePerS, files) => {
    expect(levels(await check(config, ratePerS, files), id)).toContain('fail')
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

it('floodmark check exits with 1 where something fails, and names each in a line', async () => {
  const { code, out } = await shop("ledger: 'memory',").start('check').ended
  expect(code).toBe(1)
  expect(out).toMatch(/^FAIL {2}ledger: what took effect does not survive receiver-crash/m)
})
