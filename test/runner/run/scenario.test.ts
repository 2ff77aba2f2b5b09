import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readJournal } from '../../../src/runner/records/journal.ts'
import { whyNoRedis } from '../../ledgers/redis-server.ts'
import { needing } from '../../needs.ts'
import { floodmark, runsFolder, start, startIn } from '../floodmark.ts'

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
  })

  it('makes the same report again from the raw records', async () => {
    const before = reportOf('pass')
    expect((await floodmark('report', join(root, 'pass'))).code).toBe(0)
    expect(reportOf('pass')).toEqual(before)
  })

  it('refuses in one line the records of a version that kept its settings otherwise', async () => {
    const folder = mkdtempSync(join(root, 'older-'))
    const { settings, ...older } = JSON.parse(readFileSync(join(root, 'pass', 'run.json'), 'utf8'))
    expect(settings).toMatchObject({ scenario: 'steady', ratePerS: 300, durationMs: 4_000, quick: false })
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...older, setup: { ...older.setup, ...settings } }))
    const { code, err } = await floodmark('report', folder)
    expect([code, err]).toEqual([
      2,
      `floodmark: ${folder} was recorded by another version of floodmark: run its scenario again\n`,
    ])
  })

  it.each([
    ['memory', 'memory', 'fastify'],
    ['embedded', 'memory', 'raw-http'],
  ])('passes with the queue %s, the ledger %s and the receiver %s', async (queue, ledger, receiver) => {
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
  })

  it.each([
    [['scenario', 'nope'], "unknown scenario 'nope'"],
    [['scenario', 'steady', '--queue', 'nope'], "unknown queue 'nope'"],
    [['scenario', 'steady', '--receiver', './nope.ts'], 'no file ./nope.ts'],
    [['scenario', 'steady', '--rate', 'fast'], "--rate 'fast' is not a number of events per second"],
    [['scenario', 'steady', '--nope'], 'unknown option'],
    [['scenario', 'steady', '--out', root], 'holds something already'],
    [['report', '/nowhere'], 'not a run'],
  ])('says in one line what is wrong with %j, and exits with 2', async (args, what) => {
    const { code, err } = await floodmark(...args)
    expect(code).toBe(2)
    expect(err).toContain(what)
    expect(err).not.toContain('    at ')
  })

  it.each([
    ['export default { queue: "nope" }', "unknown queue 'nope'"],
    ['export default {', 'floodmark.config.ts cannot be read'],
  ])('says in one line what is wrong with a config file of %s', async (text, what) => {
    const folder = mkdtempSync(join(root, 'config-'))
    writeFileSync(join(folder, 'floodmark.config.ts'), text)
    const { code, err } = await startIn(folder, 'scenario', 'steady').ended
    expect(code, err).toBe(2)
    expect(err).toContain(what)
    expect(err).not.toContain('    at ')
  })

  it('explains every flag', async () => {
    const { code, out } = await floodmark('scenario', '--help')
    expect(code).toBe(0)
    for (const flag of 'receiver queue ledger rate duration shape seed quick processes p99 out'.split(' '))
      expect(out).toContain(`--${flag}`)
  })

  it('lists the scenarios with their questions', async () => {
    const { code, out } = await floodmark('scenario')
    expect(code).toBe(0)
    expect(out).toMatch(/flash-sale .*\?/)
  })
})

describe('a run that is interrupted', needing(whyNoRedis()), () => {
  it('exits with 130, reports what it has, and leaves no server behind', async () => {
    const out = join(root, 'interrupted')
    const flags = ['--queue', 'redis-streams', '--rate', '100', '--duration', '60', '--out', out]
    const { child, ended } = start('scenario', 'steady', ...flags)
    await sentSome(out)
    child.kill('SIGINT')
    const { code, out: said, err } = await ended
    expect(code, said + err).toBe(130)
    const { interrupted, audit, servers } = reportOf('interrupted')
    expect(interrupted).toBe(true)
    expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0 })
    expect(audit.applied).toBeGreaterThan(10)
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(servers.join())![1])
    await expect(connects(port)).resolves.toBe(false)
  })
})

/** Waits until the sender has written down some attempts. */
async function sentSome(out: string): Promise<void> {
  const journal = join(out, 'journal-0.bin')
  await expect.poll(() => existsSync(journal) && [...readJournal(journal)].length > 200).toBe(true)
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
