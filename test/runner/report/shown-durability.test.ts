import { describe, expect, it } from 'vitest'
import type { DiskRecord } from '../../../src/runner/records/facts.ts'
import { terminal } from '../../../src/runner/render/terminal.ts'
import { sayCheck } from '../../../src/runner/render/words/checks.ts'
import { DEVICE_SYNC_MIN_MS, survivalOf } from '../../../src/runner/report/shown-durability.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { madeUpRun } from './made-up-run.ts'

const ALL = ['receiver-crash', 'broker-crash', 'power-loss', 'host-loss']
const syncs = (p50Ms: number) => ({ count: 50, p50Ms, p99Ms: 2 * p50Ms })
const disk = (changes: Partial<DiskRecord>): DiskRecord => ({ medium: 'device', syncs: syncs(0.12), ...changes })
const of = (...disks: DiskRecord[]) => survivalOf({ server: 's', survives: ALL, shared: true, disks })

describe('what may be said to survive', () => {
  it('is the promise where syncs were shown to reach a device', () => {
    expect(of(disk({}))).toEqual({ promised: ALL, survives: ALL, basis: 'measured', withheld: null })
  })

  it('is the promise by its settings where no data lie on this machine', () => {
    expect(survivalOf({ server: 's', survives: ALL, shared: true })).toEqual({
      ...{ promised: ALL, survives: ALL, basis: 'settings', withheld: null },
    })
  })

  it.each([
    ['memory', [disk({ medium: 'memory' })]],
    ['no-sync', [disk({ medium: 'no-sync' })]],
    ['elsewhere', [disk({ medium: 'elsewhere' })]],
    ['unknown', [disk({ medium: 'unknown' })]],
    ['not-timed', [disk({ syncs: null })]],
    ['too-quick', [disk({ syncs: syncs(DEVICE_SYNC_MIN_MS / 2) })]],
    ['memory', [disk({}), disk({ medium: 'memory' })]],
  ] as const)('is no power loss: %s', (withheld, disks) => {
    const survives = ALL.filter((failure) => failure !== 'power-loss')
    expect(of(...disks)).toEqual({ promised: ALL, survives, basis: 'measured', withheld })
  })

  it('is never more than the promise', () => {
    const queue = { server: 's', survives: ['receiver-crash'], shared: true, disks: [disk({})] }
    expect(survivalOf(queue).survives).toEqual(['receiver-crash'])
  })
})

const { folder, record } = await madeUpRun()

describe('a report', () => {
  it('warns, fails nothing, and says why in plain words when a power loss was not shown', async () => {
    const { queue, ledger } = record.durability!
    const quick = { ...queue, disks: [disk({ fileSystem: 'ext4', syncs: syncs(0.0007) })] }
    const report = await summarise(folder, { ...record, durability: { queue: quick, ledger } })
    const shown = report.checks.find(({ id }) => id === 'power-loss-shown')!
    expect(shown).toMatchObject({ ok: true, warning: true })
    expect(sayCheck(shown).measured).toBe('0.7 µs')
    expect(report.durability!.queue.survives).toEqual(['receiver-crash'])
    expect(terminal(report)).toContain(
      'queue: a power loss is not shown to be survived, because syncs are quicker than any device',
    )
  })
})
