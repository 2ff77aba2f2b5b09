import steady from '../../scenarios/steady.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

/** For tests: the service behind the effects is down for 5 s. */
export default defineScenario({
  ...steady,
  name: 'outage-of-effects',
  effects: { failOnce: 0.01, failAlways: 0.01 },
  faults: [{ at: 0.3, forMs: 5_000, what: 'failing-effects', share: 1, strikes: 'processors' }],
  passes: { ...steady.passes, drainMs: 30_000 },
})
