// @module-tag full: a real run; the circuit is tried in virtual time in every run.
import { expect, it } from 'vitest'
import { planted, runsFolder } from '../floodmark.ts'

const { run, reportOf } = runsFolder()

it('a run whose effects all fail for 5 s buries nothing but what was planned, and shows when it paused', async () => {
  const { code, out, err } = await run('outage', planted('scenario-outage-of-effects'), '--duration', '8')
  expect(code, out + err).toBe(0)
  const { audit, cards, faults } = reportOf('outage')
  expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, reordered: 0, unexpected: 0, misjudged: 0 })
  expect(audit.buried).toBeGreaterThan(0)
  // Its last try may have come while all effects failed: that it had to be buried is what the audit knows from the plan.
  for (const { reason } of cards.deadLetters!) {
    expect(reason).toMatch(/^transient: planned: (fails always|what the effect depends on is down)$/)
  }
  const [down, paused] = faults
  expect(down).toMatchObject({ kind: 'failing-effects', fault: { share: 1 }, victim: 'receiver + processor' })
  expect(paused).toMatchObject({ kind: 'circuit-open', process: 'receiver + processor' })
  expect(paused!.fromMs).toBeGreaterThan(down!.fromMs)
  expect(paused!.untilMs).toBeGreaterThan(down!.untilMs)
})
