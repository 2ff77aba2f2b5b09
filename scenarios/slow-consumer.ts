import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

export default defineScenario({
  ...SALE,
  name: 'slow-consumer',
  question:
    'When each effect takes a second longer for a while, how far does the backlog grow, and how soon is it worked off?',
  durationMs: 60_000,
  quickMs: 20_000,
  shape: () => 1,
  phases: [
    { name: 'calm', until: 0.2 },
    { name: 'slow', until: 0.5 },
    { name: 'catching up', until: 1 },
  ],
  ratePerS: 500,
  // Some hundred effects run side by side, and those of one key run in turn. At a second each they are slower than the arrivals.
  faults: [{ at: 0.2, forMs: 6_000, what: 'slow-effects', addMs: 1_000, strikes: 'processors' }],
  passes: { acceptP99Ms: 500, drainMs: 30_000 },
})
