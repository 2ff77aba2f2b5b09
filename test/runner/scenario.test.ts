import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { floodmark, runsFolder } from './floodmark.ts'

const { root, run, reportOf } = runsFolder()
const steady = (name: string, ...flags: string[]) => run(name, 'steady', ...flags)

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
