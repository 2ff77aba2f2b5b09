import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

export default defineScenario({
  ...SALE,
  name: 'broker-restart',
  question:
    'When the queue is killed in the middle of the traffic and comes back three seconds later, is anything acknowledged gone?',
  durationMs: 40_000,
  quickMs: 16_000,
  shape: () => 1,
  phases: [
    { name: 'calm', until: 0.3 },
    { name: 'down and back', until: 0.65 },
    { name: 'after', until: 1 },
  ],
  ratePerS: 400,
  faults: [{ at: 0.3, forMs: 3_000, what: 'kill', strikes: 'queue-server' }],
  passes: { acceptP99Ms: 15_000, drainMs: 40_000, refusals: 'allowed' },
})
