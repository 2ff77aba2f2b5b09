import steady from '../../../scenarios/steady.ts'
import { defineScenario } from '../scenario/scenario.ts'
import { HOLD_FROM } from '../search/judge.ts'

/** A trial begins with this share of its load. */
const FROM_SHARE = 0.3

/**
 * What a trial sends: a ramp, and then the load, which is what is judged. Processes that are given a load near their ceiling at once
 * would spend the trial on the backlog of its first second.
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
