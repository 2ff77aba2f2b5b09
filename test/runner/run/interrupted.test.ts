import { execFileSync, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readJournal } from '../../../src/runner/records/journal.ts'
import { newRunFolder, takeRunFolder } from '../../../src/runner/records/run-folder.ts'
import { fullUnless, needing } from '../../needs.ts'
import { floodmark, runsFolder, startIn } from '../floodmark.ts'

const { root, reportOf } = runsFolder()
const cli = new URL('../../../src/runner/cli/main.ts', import.meta.url).pathname
/** PASS, or INVALID: on a busy machine the generator may be late, which is not what is tried here. */
const FINISHED = [0, 5]
/** Fills the log's room soon. */
const LARGE = ['scenario', 'large-payload', '--rate', '300', '--p99', '300000']
const MEMORY = ['--queue', 'memory', '--ledger', 'memory']
const STEADY = ['scenario', 'steady', '--rate', '200', '--p99', '300000']

/** A run in a process group of its own, as a terminal or a CI system has it. */
function inGroup(name: string, ...flags: string[]) {
  return groupOf(STEADY, name, ...flags)
}

function groupOf(command: readonly string[], name: string, ...flags: string[]) {
  const args = [cli, ...command, '--out', join(root, name), ...flags]
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.on('data', (text) => (said += text))
  child.stderr.on('data', (text) => (said += text))
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
  return { child, group: -child.pid!, ended, said: () => said }
}

async function sentSome(name: string): Promise<void> {
  const journal = join(root, name, 'journal-0.bin')
  await expect.poll(() => existsSync(journal) && [...readJournal(journal)].length > 200).toBe(true)
}

function lives(group: number): boolean {
  try {
    return process.kill(group, 0)
  } catch {
    return false
  }
}

describe('a run that is told to end early', () => {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    const options = { ...fullUnless(signal === 'SIGTERM') }
    it(`by ${signal} to all of its processes leaves a report that is not PASS, and no process`, options, async () => {
      const { group, ended } = inGroup(signal, '--duration', '120')
      await sentSome(signal)
      process.kill(group, signal)
      expect(await ended).toBe(130)
      const { verdict, interrupted, audit, checks, errors } = reportOf(signal)
      expect({ interrupted, errors }).toEqual({ interrupted: true, errors: [] })
      expect(['INDETERMINATE', 'INVALID']).toContain(verdict)
      expect(checks.filter(({ ok }) => ok === null).map(({ id }) => id)).toContain('run-whole')
      expect(audit.applied).toBeGreaterThan(10)
      expect(existsSync(join(root, signal, 'data'))).toBe(false)
      await expect.poll(() => lives(group)).toBe(false)
    })
  }

  it('before anything was sent leaves no folder', async () => {
    const { group, ended } = inGroup('early', '--duration', '120')
    await expect.poll(() => existsSync(join(root, 'early', 'data'))).toBe(true)
    process.kill(group, 'SIGTERM')
    expect(await ended).toBe(130)
    expect(existsSync(join(root, 'early'))).toBe(false)
    await expect.poll(() => lives(group)).toBe(false)
  })
})

const FULL_RUN = { tags: 'full' } as const
const whyNoMount =
  process.getuid?.() === 0 && process.platform === 'linux'
    ? undefined
    : 'a file system can be mounted by root on Linux only'

describe('a disk that becomes full', needing(whyNoMount), () => {
  it('leaves a report of what there is, and no process', FULL_RUN, async () => {
    const disk = join(root, 'disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', disk])
    try {
      const { group, ended, said } = groupOf(LARGE, 'disk/run', '--duration', '60')
      await sentSome('disk/run')
      fill(join(disk, 'filler'))
      expect(await ended).not.toBe(0)
      expect(existsSync(join(disk, 'run', 'report.json')), said()).toBe(true)
      const { verdict, audit } = reportOf('disk/run')
      expect(verdict).not.toBe('PASS')
      expect(audit.applied).toBeGreaterThan(10)
      await expect.poll(() => lives(group)).toBe(false)
    } finally {
      execFileSync('umount', ['-l', disk])
    }
  })

  it(
    'for the journal alone ends the sending; the report is of what there is, and says where room is missing',
    FULL_RUN,
    async () => {
      const disk = join(root, 'journal')
      mkdirSync(disk)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', disk])
      try {
        // Queue and ledger write nothing: the journal is all that needs room while the run sends.
        const { group, ended } = groupOf(STEADY, 'journal/run', ...MEMORY, '--rate', '2000', '--duration', '60')
        await sentSome('journal/run')
        fill(join(disk, 'filler'))
        expect(await ended).toBe(130)
        const { verdict, audit, errors, checks } = reportOf('journal/run')
        expect(['INDETERMINATE', 'INVALID']).toContain(verdict)
        expect(errors.join()).toMatch(/cannot write .*journal-0\.bin: .*ENOSPC.*\. Make room there, then run again/)
        expect(checks.find(({ id }) => id === 'run-whole')?.ok).toBe(null)
        // The events that were due later are no part of it: each that is was sent, and its attempt written down.
        const seqs = readJournal(join(root, 'journal/run/journal-0.bin')).map(({ seq }) => seq)
        expect(new Set(seqs).size).toBe(audit.planned)
        expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, unexpected: 0 })
        expect(audit.applied).toBeGreaterThan(200)
        await expect.poll(() => lives(group)).toBe(false)
      } finally {
        execFileSync('umount', ['-l', disk])
      }
    },
  )

  it('before a run begins is told in one line', async () => {
    const disk = join(root, 'small')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk])
    try {
      const { code, err } = await floodmark(...STEADY, '--out', join(disk, 'run'))
      expect([code, readdirSync(disk)]).toEqual([3, []])
      expect(err).toContain('there is no room for the records of a run')
    } finally {
      execFileSync('umount', ['-l', disk])
    }
  })
})

/** Until nothing more can be written. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  const zeros = Buffer.alloc(64 * 1024)
  try {
    for (;;) writeSync(file, zeros)
  } catch {
    closeSync(file)
  }
}

it('a run whose reader has gone goes on to its report', async () => {
  const { child, ended } = inGroup('piped', '--duration', '2')
  child.stdout.destroy()
  child.stderr.destroy()
  expect(FINISHED).toContain(await ended)
  expect(reportOf('piped').audit.lost).toBe(0)
})

describe('the folder of a run', () => {
  it('is never one that another run has, though it began in the same second', () => {
    const name = join(root, 'deep', 'same-second')
    const paths = [newRunFolder(name), newRunFolder(name), newRunFolder(name)].map(({ path }) => path)
    expect(paths).toEqual([name, `${name}-2`, `${name}-3`])
  })

  it('is not shared by two runs that are given one name', () => {
    const folder = join(root, 'given')
    mkdirSync(folder)
    const taken = takeRunFolder(folder)
    expect(() => takeRunFolder(folder)).toThrow('holds something already')
    taken.discard()
    expect(readdirSync(folder)).toEqual([])
    const own = takeRunFolder(join(root, 'made'))
    own.discard()
    expect(existsSync(own.path)).toBe(false)
  })

  it('is one for each of two that start at once', async () => {
    const cwd = join(root, 'at-once')
    mkdirSync(cwd)
    const both = [1, 2].map(() => startIn(cwd, ...STEADY, '--duration', '2', '--seed', '1').ended)
    for (const { code, out, err } of await Promise.all(both)) expect(FINISHED, out + err).toContain(code)
    const folders = readdirSync(join(cwd, 'reports')).filter((name) => name !== 'index.html')
    expect(folders).toHaveLength(2)
    const verdicts = folders.map((name) => JSON.parse(readFileSync(join(cwd, 'reports', name, 'report.json'), 'utf8')))
    for (const { audit } of verdicts) expect([audit.lost, audit.refused]).toEqual([0, 0])
  })

  it('is gone when the run could not start', async () => {
    const out = join(root, 'no-server')
    const url = ['--queue', 'redis-streams', '--queue-url', 'redis://127.0.0.1:1']
    const { code } = await floodmark(...STEADY, '--out', out, ...url)
    expect(code).toBe(3)
    expect(existsSync(out)).toBe(false)
  })
})
