import drift from '../../scenarios/schema-drift.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

/** For tests of reports: a report of this scenario has every card and every check. */
export default defineScenario({
  ...drift,
  name: 'everything',
  effects: { failOnce: 0.02, failAlways: 0.02 },
  faults: [{ at: 0.2, forMs: 2_000, what: 'poison', provider: 'stripe', type: 'invoice.paid', strikes: 'processors' }],
  attacks: [{ kind: 'forged', at: 0.4, forMs: 1_000, times: 1 }],
  reconcile: { lostShare: 0.02, everyMs: 1_000, overlapMs: 1_000 },
  retries: { timeScale: 600, tailMs: 1_000 },
  replays: [
    { of: 'dead-letters', at: 0.5, ratePerS: 100, buriedBy: 'poison' },
    { of: 'recorded', at: 0.5, ratePerS: 100, first: 0.2 },
  ],
  passes: { acceptP99Ms: 250, drainMs: 20_000, memoryBytesMax: 2 ** 28 },
})
