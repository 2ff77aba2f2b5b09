import steady from '../../scenarios/steady.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

/** For tests: the whole stack is killed three times. */
export default defineScenario({
  ...steady,
  name: 'kills',
  faults: [0.25, 0.5, 0.75].map((at) => ({ at, forMs: 200, what: 'kill', strikes: 'stack' })),
  passes: { ...steady.passes, drainMs: 8_000, refusals: 'allowed' },
})
