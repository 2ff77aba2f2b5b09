import steady from '../../../scenarios/steady.ts'
import { defineScenario } from '../scenario/scenario.ts'

/** How long a process that was killed is away, as with a supervisor that starts it again. */
const AWAY_MS = 500

/** Every process of the stack is killed once: how long does what it had accepted wait for its effect? */
export default defineScenario({
  ...steady,
  name: 'takeover',
  question: 'How long after a kill has all that was accepted before taken effect?',
  faults: [{ at: 0.4, forMs: AWAY_MS, what: 'kill', strikes: 'stack' }],
  effects: { failOnce: 0, failAlways: 0 },
  passes: { acceptP99Ms: 60_000, drainMs: 60_000, refusals: 'allowed' },
})
