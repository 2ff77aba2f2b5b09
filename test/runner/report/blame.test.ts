import { describe, expect, it } from 'vitest'
import { COMMON_CHECK_WORDS } from '../../../src/runner/render/words/checks.ts'
import { todosOf } from '../../../src/runner/render/words/first.ts'
import { cardNames, cardOf } from '../../../src/runner/report/cards/index.ts'
import { sendingChecks } from '../../../src/runner/report/cards/sending.ts'
import type { Check } from '../../../src/runner/report/check.ts'
import { latenessMaxMs } from '../../../src/runner/report/checks.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { verdictOf } from '../../../src/runner/report/verdict.ts'
import { madeUpRun } from './made-up-run.ts'

const calm = {
  waiting: { events: 0, retries: 0 },
  machineOut: { descriptors: 0, ports: 0 },
  connections: { opened: 3, max: 8_000, needed: 1_500 },
  interrupted: false,
}
const failedIn = (checks: readonly Check[]) => checks.filter(({ ok }) => ok !== true).map(({ id }) => id)

describe('whose fault it is that an attempt was not sent', () => {
  it('is nobody’s where all were sent', () => {
    expect(failedIn(sendingChecks(calm))).toEqual([])
    expect(verdictOf(sendingChecks(calm))).toBe('PASS')
  })

  it('is the stack’s when every connection waits for it', () => {
    for (const waiting of [
      { events: 2_852, retries: 0 },
      { events: 0, retries: 7 },
    ]) {
      const checks = sendingChecks({ ...calm, waiting })
      expect(failedIn(checks)).toEqual(['connections-waiting'])
      expect(verdictOf(checks)).toBe('FAIL')
    }
  })

  it('is the generator’s when a stack at its pass mark would keep them all busy as well', () => {
    const few = { ...calm, waiting: { events: 5, retries: 0 }, connections: { opened: 9, max: 9, needed: 10 } }
    expect(failedIn(sendingChecks(few))).toContain('sender-connections')
    expect(verdictOf(sendingChecks(few))).toBe('INVALID')
  })

  it('is the generator’s when its machine has no descriptor or no port left', () => {
    for (const machineOut of [
      { descriptors: 1, ports: 0 },
      { descriptors: 0, ports: 1 },
    ]) {
      const checks = sendingChecks({ ...calm, machineOut })
      expect(failedIn(checks)).toEqual(['sender-machine'])
      expect(verdictOf(checks)).toBe('INVALID')
    }
  })
})

const { folder, record } = await madeUpRun()

describe('a report', () => {
  const certificate = record.certificates[0]!

  it('fails a stack that let every connection of a punctual sender wait, and blames no one else', async () => {
    // As many more retries: the journal holds as many attempts as before.
    const counts = { sent: certificate.sent - 100, retries: certificate.retries + 100 }
    const waiting = { events: 100, retries: 0 }
    const hung = { ...record, certificates: [{ ...certificate, ...counts, waiting, connectionsMax: 8_000 }] }
    const before = failedIn((await summarise(folder, record)).checks)
    const after = failedIn((await summarise(folder, hung)).checks)
    expect(after.filter((id) => !before.includes(id))).toEqual(['connections-waiting'])
  })

  it('of an interrupted run is never PASS, whatever was seen until then', async () => {
    const { checks } = await summarise(folder, { ...record, interrupted: true })
    const others = checks.map((one) => (one.id === 'run-whole' ? one : { ...one, ok: true }))
    expect(verdictOf(others)).toBe('INDETERMINATE')
  })

  it('says of every generator’s failure what to do', async () => {
    const { checks } = await summarise(folder, record)
    const words = Object.assign({}, COMMON_CHECK_WORDS, ...cardNames.map((name) => cardOf(name).checkWords))
    for (const check of checks.filter(({ about }) => about === 'generator')) {
      expect(words[check.id].remedy, check.id).toMatch(/^[A-Z].*\.$/)
      expect(todosOf({ verdict: 'INVALID', checks: [{ ...check, ok: false }] })).toEqual([words[check.id].remedy])
    }
  })
})

describe('how late a generator may be', () => {
  it('is a share of the pass mark, and of what was measured', () => {
    expect(latenessMaxMs(500, undefined)).toBe(50)
    expect(latenessMaxMs(500, 2_000)).toBe(50)
    expect(latenessMaxMs(500, 40)).toBe(20)
    // The sender stood still for 1.3 s; its own 936 ms were most of the 1286 ms that it measured.
    expect(latenessMaxMs(15_000, 1_286)).toBeLessThan(936)
  })

  it('has a floor that any machine needs', () => {
    expect(latenessMaxMs(500, 0.4)).toBe(5)
    expect(latenessMaxMs(10, 0.4)).toBe(1)
    // A hundredth of the mark decides nothing.
    expect(latenessMaxMs(15_000, 10)).toBe(150)
  })
})
