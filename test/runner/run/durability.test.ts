import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { reportSchema } from '../../../src/runner/report/report-schema.ts'
import { MEMORY, noDevice, noMemory } from '../../disks.ts'
import { RedisServer, whyNoRedis } from '../../ledgers/redis-server.ts'
import { needing } from '../../needs.ts'
import { noSyncs } from '../../preload.ts'
import { runsFolder } from '../floodmark.ts'

const { root } = runsFolder()
const memory = noMemory ? undefined : mkdtempSync(join(MEMORY, 'floodmark-run-'))
afterAll(async () => {
  await RedisServer.removeAll()
  if (memory) rmSync(memory, { recursive: true, force: true })
})
const shim = noSyncs()
const cli = new URL('../../../src/runner/cli/main.ts', import.meta.url).pathname

/** Two seconds of traffic: what is told of the disk does not depend on it. */
function run(folder: string, env: NodeJS.ProcessEnv, ...flags: string[]) {
  const load = ['--rate', '100', '--duration', '2', '--p99', '300000', '--out', folder]
  return new Promise<string>((resolve) => {
    const options = { env: { ...process.env, ...env } }
    execFile(process.execPath, [cli, 'scenario', 'steady', ...load, ...flags], options, (_, out, err) =>
      resolve(out + err),
    )
  })
}
const reportOf = (folder: string) => reportSchema.parse(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')))

describe('a run says what was measured', () => {
  it('a power loss on a device', needing(noDevice), async () => {
    const out = await run(join(root, 'disk'), {})
    const { durability, cards } = reportOf(join(root, 'disk'))
    for (const part of ['queue', 'ledger'] as const) {
      expect(durability![part].survives, out).toContain('power-loss')
      expect(cards.durability![part]).toMatchObject({ basis: 'measured', withheld: null })
      expect(cards.durability![part].disks[0]!.syncs!.count).toBe(50)
    }
    expect(out).toMatch(/queue on \w+ on .*: 50 syncs, p50 \d+/)
  })

  it('no power loss in memory', needing(noMemory), async () => {
    const out = await run(join(memory!, 'run'), {})
    const { durability, checks } = reportOf(join(memory!, 'run'))
    expect(durability!.queue.survives).toEqual(['receiver-crash', 'broker-crash'])
    expect(durability!.ledger.survives).toEqual(['receiver-crash', 'broker-crash'])
    expect(checks.find(({ id }) => id === 'power-loss-shown')?.warning, out).toBe(true)
    expect(out).toContain('a power loss is not shown to be survived, because the data lie in memory')
  })

  it('no power loss of a Redis whose folder is in memory', {
    tags: 'full',
    ...needing(noMemory ?? whyNoRedis()),
  }, async () => {
    const sync = ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', memory!]
    const server = await RedisServer.start(sync)
    const out = await run(join(root, 'redis'), {}, '--queue', 'redis-streams', '--queue-url', server.url)
    const { durability, cards } = reportOf(join(root, 'redis'))
    expect(durability!.queue.survives, out).toEqual(['receiver-crash', 'broker-crash'])
    expect(cards.durability!.queue).toMatchObject({
      withheld: 'memory',
      promised: expect.arrayContaining(['power-loss']),
    })
  })

  it('no power loss when syncs do nothing', {
    tags: 'full',
    ...needing(shim.missing ?? noDevice),
  }, async () => {
    const out = await run(join(root, 'no-syncs'), { LD_PRELOAD: shim.path })
    const { durability, cards } = reportOf(join(root, 'no-syncs'))
    expect(durability!.queue.survives, out).toEqual(['receiver-crash', 'broker-crash'])
    expect(cards.durability!.queue).toMatchObject({
      withheld: 'too-quick',
      promised: expect.arrayContaining(['power-loss']),
    })
    expect(out).toContain('a power loss is not shown to be survived, because syncs are quicker than any device')
  })
})
