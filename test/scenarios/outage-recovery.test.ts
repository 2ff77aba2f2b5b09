// @module-tag full: a real run of half a minute.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import scenario from '../../scenarios/outage-recovery.ts'
import { readJournal } from '../../src/runner/records/journal.ts'
import { runsFolder } from '../runner/floodmark.ts'
import { SCHEDULES } from '../runner/load/schedules.ts'
import { isJudgedAfterFaults } from './quick.ts'

const { root, run, reportOf } = runsFolder()
const ROUNDING_MS = 0.001

/** Every retry of a journal, and how long after the end of the attempt before it was due, in earnest, s. */
function waits(journal: string) {
  const before = new Map<number, number>()
  const found: { provider: string; attempt: number; waitedS: number }[] = []
  for (const { seq, attempt, provider: part, intendedMs, doneMs } of readJournal(journal)) {
    const provider = scenario.mix[part]!.provider
    const waitedMs = (intendedMs - (before.get(seq) ?? Number.NaN)) * scenario.retries!.timeScale
    if (attempt > 1) found.push({ provider, attempt, waitedS: waitedMs / 1_000 })
    before.set(seq, doneMs)
  }
  return found
}

it('outage-recovery passes: nobody is there for two scaled hours, and each retry lies on the schedule of its provider', async () => {
  const { code, out, err } = await run('outage', 'outage-recovery', '--rate', '150', '--duration', '24')
  expect(code, out + err).toBe(0)
  const report = reportOf('outage')
  const { audit, cards, checks, faults } = report
  expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, reordered: 0, unexpected: 0 })
  expect(faults).toMatchObject([{ kind: 'kill', victim: 'receiver + processor' }])
  if (isJudgedAfterFaults(report)) expect(cards.delivery!.diagnosis).toMatchObject({ state: 'recovered' })
  // Only GitHub does not try again, and some of the others would after the end of the run.
  expect(audit.refused).toBeLessThan(0.5 * 6 * 150)

  const found = waits(join(root, 'outage', 'journal-0.bin'))
  expect(found.length).toBeGreaterThan(1_000)
  expect(new Set(found.map(({ provider }) => provider))).toEqual(new Set(['stripe', 'razorpay', 'generic']))
  for (const { provider, attempt, waitedS } of found) {
    const { waitsS, jitter = 0 } = SCHEDULES[provider]!
    const waitS = waitsS[attempt - 2]!
    const about = `attempt ${attempt} of ${provider}`
    expect(waitedS, about).toBeGreaterThanOrEqual(waitS * (1 - jitter) - ROUNDING_MS)
    expect(waitedS, about).toBeLessThanOrEqual(waitS * (1 + jitter) + ROUNDING_MS)
  }
  const check = checks.find(({ id }) => id === 'retry-schedules')
  expect(check).toMatchObject({ ok: true, values: { measured: { count: found.length, of: found.length } } })
})
