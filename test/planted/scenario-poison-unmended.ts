import poison from '../../scenarios/poison.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

/** For tests: the dead letters are replayed while the bug that made them is still there. */
export default defineScenario({
  ...poison,
  name: 'poison-unmended',
  faults: [{ at: 0.2, forMs: 6_000, what: 'poison', provider: 'stripe', type: 'invoice.paid', strikes: 'processors' }],
  replays: [{ of: 'dead-letters', at: 0.5, ratePerS: 100, buriedBy: 'poison' }],
})
