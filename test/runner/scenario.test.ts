import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { reportSchema } from '../../src/runner/report-schema.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-run-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const cli = new URL('../../src/runner/cli.ts', import.meta.url).pathname
const planted = (name: string) => new URL(`../planted/${name}.ts`, import.meta.url).pathname

function floodmark(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.on('data', (data) => {
      out += data
    })
    child.stderr.on('data', (data) => {
      err += data
    })
    child.on('close', (code) => resolve({ code, out, err }))
  })
}
const steady = (folder: string, ...more: string[]) =>
  floodmark(
    'scenario',
    'steady',
    '--rate',
    '300',
    '--duration',
    '4',
    '--p99',
    '5000',
    '--out',
    join(root, folder),
    ...more,
  )
const reportOf = (folder: string) =>
  reportSchema.parse(JSON.parse(readFileSync(join(root, folder, 'report.json'), 'utf8')))

describe('npm run scenario', () => {
  it('passes on the default stack: every event accounted for, dead letters as planted', async () => {
    const { code, out, err } = await steady('pass')
    expect({ code, err: code === 0 ? '' : err + out }).toEqual({ code: 0, err: '' })
    const { audit, verdict } = reportOf('pass')
    expect(verdict).toBe('PASS')
    expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, unexpected: 0, misjudged: 0, unknown: 0 })
    expect(audit.applied + audit.buried).toBe(audit.planned)
    expect(audit.planned).toBeGreaterThan(900)
    for (const name of ['report.html', 'report.md', 'junit.xml'])
      expect(existsSync(join(root, 'pass', name))).toBe(true)
  }, 60_000)

  it('makes the same report again from the raw records', async () => {
    const before = reportOf('pass')
    expect((await floodmark('report', join(root, 'pass'))).code).toBe(0)
    expect(reportOf('pass')).toEqual(before)
  }, 30_000)

  it.each([
    ['memory', 'memory', 'fastify'],
    ['embedded', 'memory', 'raw-http'],
  ])(
    'passes with the queue %s, the ledger %s and the receiver %s',
    async (queue, ledger, receiver) => {
      const { code, out } = await steady(
        `${queue}-${ledger}`,
        '--queue',
        queue,
        '--ledger',
        ledger,
        '--receiver',
        receiver,
      )
      expect(code, out).toBe(0)
    },
    60_000,
  )

  it.each([
    ['a queue that drops one event in fifty after saying it is safe', ['--queue', planted('queue-drops')], 'lost'],
    [
      'a ledger that remembers nothing behind a queue that delivers twice',
      ['--ledger', planted('ledger-forgets'), '--queue', planted('queue-doubles')],
      'duplicateEffects',
    ],
    ['a queue that turns each batch around', ['--queue', planted('queue-reorders')], 'reordered'],
  ] as const)(
    'fails with %s',
    async (_, flags, counter) => {
      const { code } = await steady(`bug-${counter}`, ...flags)
      expect(code).toBe(1)
      expect(reportOf(`bug-${counter}`).audit[counter]).toBeGreaterThan(0)
    },
    90_000,
  )

  it('absorbs double deliveries with the real ledger', async () => {
    const { code, out } = await steady('doubles', '--queue', planted('queue-doubles'))
    expect(code, out).toBe(0)
    expect(reportOf('doubles').audit.duplicatesAbsorbed).toBeGreaterThan(100)
  }, 60_000)

  it('says INVALID, soon, when the generator cannot keep the rate', async () => {
    const { code } = await floodmark('scenario', 'flash-sale', '--rate', '1000000', '--out', join(root, 'invalid'))
    expect(code).toBe(5)
    expect(reportOf('invalid').generator.gaveUp).toBe(true)
  }, 90_000)

  it.each([
    [['scenario', 'nope'], "unknown scenario 'nope'"],
    [['scenario', 'steady', '--queue', 'nope'], "unknown queue 'nope'"],
    [['scenario', 'steady', '--receiver', './nope.ts'], 'no file ./nope.ts'],
    [['scenario', 'steady', '--rate', 'fast'], 'rate:'],
    [['scenario', 'steady', '--nope'], 'unknown option'],
    [['scenario', 'steady', '--out', root], 'holds something already'],
    [['report', '/nowhere'], 'not a run'],
  ])(
    'says in one line what is wrong with %j, and exits with 2',
    async (args, what) => {
      const { code, err } = await floodmark(...args)
      expect(code).toBe(2)
      expect(err).toContain(what)
      expect(err).not.toContain('    at ')
    },
    30_000,
  )

  it('lists the scenarios with their questions', async () => {
    const { code, out } = await floodmark('scenario')
    expect(code).toBe(0)
    expect(out).toMatch(/flash-sale .*\?/)
  }, 30_000)
})
