import { spawn } from 'node:child_process'
import { describe, expect, it, vi } from 'vitest'
import { parseCpuMax } from '../../../src/runner/machine/limits.ts'
import {
  cpuTicks,
  parseCores,
  parseStat,
  processTree,
  type Running,
  splitBy,
  waitedMs,
} from '../../../src/runner/machine/proc.ts'
import { mostBusy, sampleOf } from '../../../src/runner/machine/watch.ts'
import { needing } from '../../needs.ts'

const linux = process.platform === 'linux' ? undefined : 'only Linux has /proc'

const running = (pid: number, parent: number, ticks: number, childTicks = 0, name = `p${pid}`): Running => ({
  ...{ pid, parent, name, ticks, childTicks },
})
const table = (...all: Running[]) => new Map(all.map((one) => [one.pid, one]))

describe('what Linux tells of a machine', () => {
  it('CPU time of programs and of other machines, without interrupts and idleness', () => {
    expect(cpuTicks('cpu  100 5 30 9999 88 7 8 21 0 0\ncpu0 1 1 1 1 1 1 1 1')).toEqual({ busy: 135, stolen: 21 })
    expect(cpuTicks(undefined)).toBeUndefined()
    const two = 'cpu  4 4 4 0 0 0 0 4\ncpu0 1 1 1 0 0 0 0 1\ncpu1 3 3 3 0 0 0 0 3\n'
    expect(cpuTicks(two, [1])).toEqual({ busy: 9, stolen: 3 })
    expect(cpuTicks(two, [0, 1])).toEqual(cpuTicks(two))
    expect(cpuTicks(two, [2])).toBeUndefined()
    expect(cpuTicks('cpu  1 2 3')).toBeUndefined()
  })

  it('how long something waited', () => {
    const text = 'some avg10=4.10 avg60=5.78 avg300=7.17 total=5167126\nfull avg10=0.00 total=3'
    expect(waitedMs(text)).toBeCloseTo(5_167.126)
    expect(waitedMs(undefined)).toBeUndefined()
  })

  it('a process whatever its name, and nothing of one that is gone', () => {
    const line = '42 (a) b (c) S 7 42 42 0 -1 4194304 98 0 0 0 11 22 33 44 20 0 1 0 1490188'
    expect(parseStat(line)).toEqual(running(42, 7, 33, 77, 'a) b (c'))
    expect(parseStat('')).toBeUndefined()
  })

  it('lists of cores, and limits of control groups', () => {
    expect(parseCores('0-2,5')).toEqual([0, 1, 2, 5])
    expect(parseCpuMax('50000 100000\n')).toBe(0.5)
    expect(parseCpuMax('max 100000')).toBeUndefined()
    // Version 1 says -1 where there is no limit.
    expect(parseCpuMax('-1 100000')).toBeUndefined()
    expect(parseCpuMax(undefined)).toBeUndefined()
  })
})

describe('whose CPU time it was', () => {
  const own = running(10, 1, 100, 5)
  const sender = running(11, 10, 50)
  const server = running(30, 1, 70)
  const loop = running(40, 1, 900, 0, 'loop')
  const kernel = [running(2, 0, 1), running(3, 2, 60)]

  it('is the run’s for all below it, the servers’ too, and nobody’s for the kernel’s threads', () => {
    const split = splitBy([10, 30], table(running(1, 0, 4), own, sender, server, loop, ...kernel))
    expect(split.own).toBe(100 + 5 + 50 + 70)
    expect(split.kernel).toBe(61)
    expect([...split.others.keys()]).toEqual([1, 40])
  })

  it('stays the run’s when a process of it has ended', () => {
    const after = table({ ...own, childTicks: 5 + 50 }, server)
    expect(splitBy([10, 30], after).own).toBe(225)
  })

  it('is told by name, processes of one name together, one that began meanwhile whole, none that used next to nothing', () => {
    const before = table(running(40, 1, 900, 0, 'loop'), running(50, 1, 10, 0, 'quiet'), running(51, 1, 10, 0, 'idle'))
    const after = table(
      ...[running(40, 1, 1_000, 0, 'loop'), running(41, 1, 50, 0, 'loop')],
      ...[running(50, 1, 10, 0, 'quiet'), running(60, 1, 20, 0, 'late --secret')],
      running(51, 1, 11, 0, 'idle'),
    )
    expect(mostBusy(before, after, 2_000)).toEqual([
      { name: 'loop', cores: 0.75 },
      { name: 'late', cores: 0.1 },
    ])
  })
})

describe('what happened between two looks', () => {
  const look = { ...{ atMs: 0, wallMs: 5_000, awakeMs: 0, stolen: 0, busy: 0, own: 0, kernel: 0 }, others: undefined }
  const later = { ...look, atMs: 1_000, wallMs: 6_000 }

  it('cores in use, by whom', () => {
    const { cpu } = sampleOf(look, { ...later, busy: 180, own: 60, kernel: 20, stolen: 10 })
    expect(cpu).toEqual({ busy: 1.8, own: 0.6, others: 1, stolen: 0.1 })
  })

  it('is unknown where nothing tells, and not 0', () => {
    expect(sampleOf(look, { ...later, busy: undefined }).cpu).toBeNull()
    expect(sampleOf(look, { ...later, own: undefined }).cpu).toBeNull()
  })

  it('a wall clock that was set, either way', () => {
    expect(sampleOf(look, { ...later, wallMs: 8_000 })).toMatchObject({ wallDriftMs: 2_000, suspendedMs: 0 })
    expect(sampleOf(look, { ...later, wallMs: 4_000 })).toMatchObject({ wallDriftMs: -2_000, suspendedMs: 0 })
  })

  it('a machine that slept, which is no correction of its clock', () => {
    const woken = { ...later, wallMs: 36_000, awakeMs: -30_000 }
    expect(sampleOf(look, woken)).toMatchObject({ wallDriftMs: 0, suspendedMs: 30_000 })
  })
})

describe('a process and those below it', () => {
  it('all count, as a server has one for each connection', needing(linux), async () => {
    const child = spawn('sh', ['-c', 'sleep 600 & sleep 600; true'], { detached: true, stdio: 'ignore' })
    try {
      await vi.waitFor(
        () => expect(processTree(child.pid!).map(({ name }) => name)).toEqual(['sh', 'sleep', 'sleep']),
        {
          timeout: 30_000,
        },
      )
    } finally {
      process.kill(-child.pid!, 'SIGKILL')
    }
    expect(processTree(2 ** 30)).toEqual([])
  })
})
