// @module-tag full: a real run of half a minute.
import { expect, it } from 'vitest'
import { describeWithServer } from '../servers.ts'
import { expectPass, QUICK_MS, quickRuns } from './quick.ts'

const { quick } = quickRuns('duplicate-storm')

it(
  'each event comes up to five times at once and takes effect once',
  async () => {
    const run = await quick('embedded')
    expectPass(run)
    const { audit, cards } = run.report
    const delivery = cards.delivery!
    expect(delivery.amplification).toBeGreaterThan(2)
    expect(audit.duplicatesAbsorbed).toBeGreaterThan(audit.planned)
    // Those of the run alone: the warm-up sends copies too.
    expect(audit.duplicatesAbsorbed).toBeLessThanOrEqual(delivery.attempts - audit.planned)
  },
  QUICK_MS,
)

describeWithServer('redis', () => {
  it('also with four receivers and four processors on one shared queue', {
    timeout: QUICK_MS,
  }, async () => {
    const run = await quick('shared', '--queue', 'redis-streams', '--ledger', 'redis', '--processes', '4')
    expectPass(run)
    const { audit, processes } = run.report
    expect(processes.filter(({ name }) => name.startsWith('processor'))).toHaveLength(4)
    expect(audit.duplicatesAbsorbed).toBeGreaterThan(audit.planned)
  })
})
