import steady from '../../scenarios/steady.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

/** The stack stands still for 6 s in the middle, as under SIGSTOP: connections stay open, nothing answers. */
export default defineScenario({
  ...steady,
  faults: [{ what: 'pause', strikes: 'stack', at: 0.2, forMs: 6_000 }],
  passes: { ...steady.passes, acceptP99Ms: 1_000 },
})
