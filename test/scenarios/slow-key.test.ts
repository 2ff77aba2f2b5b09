// @module-tag full: two real runs.
import { expect, it } from 'vitest'
import { describeWithServer } from '../servers.ts'
import { expectPass, QUICK_MS, quickRuns } from './quick.ts'

const { quick } = quickRuns('slow-key')

/** @returns the backlogs while the account is slow, smallest first, and how many events were sent meanwhile. */
async function slowKey(name: string, ...flags: string[]): Promise<{ backlogs: number[]; sent: number }> {
  const run = await quick(name, '--rate', '300', ...flags)
  expectPass(run)
  const { timeline, faults, audit } = run.report
  expect(faults).toMatchObject([{ kind: 'slow-effects', fault: { key: 'k0' } }])
  expect(audit.refused).toBe(0)
  const { fromMs, untilMs } = faults[0]!
  const slow = timeline.points.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs)
  return {
    backlogs: slow.map(({ backlog }) => backlog ?? 0).toSorted((a, b) => a - b),
    sent: (300 * (untilMs - fromMs)) / 1_000,
  }
}

it(
  "an account's backlog grows while its effects are slow, and the other accounts do not wait",
  async () => {
    const { backlogs, sent } = await slowKey('embedded')
    expect(backlogs.at(-1)).toBeGreaterThan(20)
    // The account has a twentieth of the events. Were the others to wait, half of all would by the middle; one stall shows in few.
    expect(backlogs[Math.floor(backlogs.length / 2)]).toBeLessThan(sent / 4)
  },
  QUICK_MS,
)

describeWithServer('redis', (server) => {
  it(
    'a slow account loses nothing and keeps its order on redis-streams',
    async () => {
      await slowKey('redis-streams', '--queue', 'redis-streams', '--queue-url', server().url)
    },
    QUICK_MS,
  )
})

describeWithServer('kafka', (server) => {
  it(
    'a slow account loses nothing and keeps its order on kafka',
    async () => {
      await slowKey('kafka', '--queue', 'kafka', '--queue-url', server().url)
    },
    QUICK_MS,
  )
})
