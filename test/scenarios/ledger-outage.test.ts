// @module-tag full: two real runs of a minute; simulation-faults plays the same in every run.
import { expect, it } from 'vitest'
import { describeWithServer } from '../servers.ts'
import { expectPass, QUICK_MS, quickRuns } from './quick.ts'

const { quick } = quickRuns('ledger-outage')

async function ledgerOutage(name: string, ...flags: string[]): Promise<void> {
  const run = await quick(name, ...flags)
  expectPass(run)
  const { timeline, faults, audit, errors } = run.report
  expect(faults).toMatchObject([{ kind: 'failing-ledger' }])
  expect(audit.refused).toBe(0)
  expect(errors.join()).toContain('planned: the ledger stores nothing')
  const { fromMs, untilMs } = faults[0]!
  const backlog = timeline.points
    .filter(({ atMs }) => atMs >= fromMs && atMs < untilMs)
    .map((point) => point.backlog ?? 0)
  expect(Math.max(...backlog)).toBeGreaterThan(100)
}

it(
  'webhooks are taken while the ledger stores nothing, and each takes effect once after it',
  () => ledgerOutage('embedded'),
  QUICK_MS,
)

describeWithServer('redis', (server) => {
  it(
    'a ledger outage loses and doubles nothing on redis-streams',
    () => ledgerOutage('redis-streams', '--queue', 'redis-streams', '--queue-url', server().url),
    QUICK_MS,
  )
})

describeWithServer('kafka', (server) => {
  it(
    'a ledger outage loses and doubles nothing on kafka',
    () => ledgerOutage('kafka', '--queue', 'kafka', '--queue-url', server().url),
    QUICK_MS,
  )
})
