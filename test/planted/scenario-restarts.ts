import steady from '../../scenarios/steady.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

/** For tests: the whole stack is asked to stop and started again, twice. */
export default defineScenario({
  ...steady,
  name: 'restarts',
  faults: [0.3, 0.7].map((at) => ({ at, forMs: 200, what: 'restart', strikes: 'stack' })),
  passes: { ...steady.passes, drainMs: 8_000, refusals: 'allowed' },
})
