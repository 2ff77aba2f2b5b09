import steady from '../../scenarios/steady.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

/** For tests of stacks that lose events: what is missing is not waited for as long as in earnest. */
export default defineScenario({ ...steady, passes: { ...steady.passes, drainMs: 8_000 } })
