import steady from '../../../scenarios/steady.ts'
import { defineScenario } from '../scenario/scenario.ts'
import { HOLD_FROM } from '../search/backlog.ts'

/** A trial begins with this share of its load. */
const FROM_SHARE = 0.3

/**
 * A trial sends a ramp, and then the load that is judged. Without the ramp, a load near the ceiling would leave a backlog in its first
 * second, and the trial would be spent on that.
 */
export default defineScenario({
  ...steady,
  name: 'ceiling-trial',
  question: 'Does the stack hold this rate?',
  shape: (at) => (at < HOLD_FROM ? FROM_SHARE + (1 - FROM_SHARE) * (at / HOLD_FROM) : 1),
  phases: [
    { name: 'ramp', until: HOLD_FROM },
    { name: 'hold', until: 1 },
  ],
})
