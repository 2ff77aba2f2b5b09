import steady from '../../scenarios/steady.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

/** For tests of stacks that lose events: the wait for missing events is shorter than in earnest. */
export default defineScenario({ ...steady, passes: { ...steady.passes, drainMs: 8_000 } })
