import { describe, expect, it } from 'vitest'
import type { MachineRecord, MachineSample } from '../../../src/runner/records/machine.ts'
import { html } from '../../../src/runner/render/html.ts'
import { terminal } from '../../../src/runner/render/terminal.ts'
import { sayCheck } from '../../../src/runner/render/words/checks.ts'
import { todosOf } from '../../../src/runner/render/words/first.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { verdictOf } from '../../../src/runner/report/verdict.ts'
import { madeUpRun } from './made-up-run.ts'

const { folder, record } = await madeUpRun()
const calm = record.machine!

async function reportOf(machine: MachineRecord | undefined, more: Partial<typeof record> = {}) {
  const report = await summarise(folder, { ...record, ...more, machine } as typeof record)
  const of = (id: string) => report.checks.find((check) => check.id === id)
  return {
    report,
    of,
    verdict: verdictOf(['machine-taken', 'machine-shared', 'clock-stepped'].flatMap((id) => of(id) ?? [])),
  }
}
/** The record with the third of its samples changed. */
const once = (changes: Partial<MachineSample>): MachineRecord => ({
  ...calm,
  samples: calm.samples.map((sample, at) => (at === 2 ? { ...sample, ...changes } : sample)),
})
const cpu = { busy: 2, own: 0.4, others: 0, stolen: 0 }
const always = (changes: Partial<typeof cpu>) => ({
  ...calm,
  samples: calm.samples.map((sample) => ({ ...sample, cpu: { ...cpu, ...changes } })),
})

describe('the machine in a report', () => {
  it('is nothing to speak of when it was left to the run', async () => {
    const { of, verdict } = await reportOf(calm)
    expect(verdict).toBe('PASS')
    for (const id of ['machine-taken', 'machine-shared', 'clock-stepped']) {
      expect(of(id)).toMatchObject({ ok: true })
      expect(of(id)?.warning).toBeUndefined()
    }
  })

  it('makes the run INVALID when its host took it away, and says what to do', async () => {
    const { of, verdict } = await reportOf(always({ stolen: 0.5 }))
    expect(verdict).toBe('INVALID')
    const todos = todosOf({ verdict, checks: [of('machine-taken')!] })
    expect(todos.join(' ')).toContain('a machine that shares its cores with no other')
  })

  it('makes the run INVALID when its host took all of one second', async () => {
    const { of, verdict } = await reportOf(once({ cpu: { ...cpu, stolen: 1.5 } }))
    expect(verdict).toBe('INVALID')
    expect(sayCheck(of('machine-taken')!).measured).toContain('75.0% in the worst second')
  })

  it('makes the run INVALID when it slept', async () => {
    expect((await reportOf(once({ suspendedMs: 30_000 }))).verdict).toBe('INVALID')
  })

  it('says so of a clock that was set, or a machine that slept, after everything was sent', async () => {
    const later = (changes: object) => ({
      ...calm,
      afterSending: [{ atMs: 9_000, wallDriftMs: 0.1, suspendedMs: 0, ...changes }],
    })
    expect((await reportOf(later({}))).of('clock-stepped')).toMatchObject({ ok: true, values: { steps: { value: 0 } } })
    const { of } = await reportOf(later({ wallDriftMs: -2_000 }))
    expect(of('clock-stepped')).toMatchObject({ warning: true, values: { largest: { value: 2_000 } } })
    expect((await reportOf(later({ suspendedMs: 30_000 }))).verdict).toBe('INVALID')
  })

  it('warns of a busy process, names it, and fails nothing', async () => {
    const { report, of, verdict } = await reportOf({
      ...always({ others: 0.9 }),
      others: [{ name: 'miner', cores: 0.9 }],
    })
    expect(verdict).toBe('PASS')
    expect(of('machine-shared')).toMatchObject({ ok: true, warning: true })
    expect(sayCheck(of('machine-shared')!).measured).toContain('90.0% of a core')
    expect(terminal(report)).toContain('others, most first: miner 0.90')
    expect(html(report)).toContain('miner 0.90')
  })

  it('does not warn of a target on this machine, which is one of the others', async () => {
    const busy = always({ others: 0.9 })
    const { of } = await reportOf(busy, { target: { address: 'http://127.0.0.1:8080/stripe' } })
    expect(of('machine-shared')?.warning).toBeUndefined()
    expect(sayCheck(of('machine-shared')!).measured).toMatch(/90\.0% of a core.*, the target among them$/)
    const elsewhere = await reportOf(busy, { target: { address: 'https://staging.example.com/stripe' } })
    expect(elsewhere.of('machine-shared')).toMatchObject({ warning: true })
  })

  it('warns of processes that it cannot see, as from within a container', async () => {
    const { report } = await reportOf({ ...always({ others: 0.9 }), others: [{ name: 'sh', cores: 0.01 }] })
    expect(terminal(report)).toContain('processes that are gone or cannot be seen 0.89')
  })

  it('warns of a clock that was set either way, and of none that was slewed', async () => {
    for (const wallDriftMs of [2_000, -2_000]) {
      const { of } = await reportOf(once({ wallDriftMs }))
      expect(of('clock-stepped')).toMatchObject({ ok: true, warning: true })
      expect(sayCheck(of('clock-stepped')!).measured).toBe('1, by up to 2,000 ms')
    }
    expect((await reportOf(once({ wallDriftMs: 5 }))).of('clock-stepped')?.warning).toBeUndefined()
  })

  it('is unknown, never 0, where the system says nothing', async () => {
    const { report, of } = await reportOf({
      ...{
        ...calm,
        kit: { version: '1', commit: null, dirty: null, packages: {} },
        governors: null,
        cores: {},
        pressure: null,
      },
      ...{ throttledMs: null, others: null, samples: calm.samples.map((sample) => ({ ...sample, cpu: null })) },
    })
    expect(sayCheck(of('machine-taken')!).measured).toMatch(/^unknown what was taken/)
    expect(sayCheck(of('machine-shared')!).measured).toBe('unknown')
    expect(report.cards.machine).toMatchObject({ cpu: null, stolen: null, throttledMs: null, sharedCores: null })
    expect(terminal(report)).toContain('use of its cores unknown')
  })

  it('is left out where it was not recorded', async () => {
    const { report, of } = await reportOf(undefined)
    expect(report.cards.machine).toBeUndefined()
    expect(of('machine-taken')).toBeUndefined()
  })
})
