import steady from '../../scenarios/steady.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

/** For tests: the disk that holds queue and ledger is full for two seconds. */
export default defineScenario({
  ...steady,
  name: 'full-disk',
  faults: [{ at: 0.3, forMs: 2_000, what: 'full-disk', strikes: 'stack' }],
  passes: { ...steady.passes, refusals: 'allowed' },
})
