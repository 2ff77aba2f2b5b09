import steady from '../../scenarios/steady.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

/** Two providers whose requests a receiver with a planted bug knows how to change; some events end as dead letters. */
export default defineScenario({
  ...steady,
  mix: [
    { provider: 'generic', share: 1 },
    { provider: 'github', share: 1 },
  ],
  effects: { failOnce: 0, failAlways: 0.2 },
  passes: { ...steady.passes, drainMs: 60_000 },
})
