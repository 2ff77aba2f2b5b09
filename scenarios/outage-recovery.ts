import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

/** Six seconds stand for two hours. A provider that waits an hour is back after three seconds. */
export default defineScenario({
  ...SALE,
  name: 'outage-recovery',
  question:
    'After two hours with everything down, when all schedules return at once, does the stack take the backlog of retries?',
  durationMs: 40_000,
  quickMs: 14_000,
  shape: () => 1,
  phases: [
    { name: 'calm', until: 0.2 },
    { name: 'down and back', until: 0.6 },
    { name: 'after', until: 1 },
  ],
  ratePerS: 300,
  retries: { timeScale: 1_200, tailMs: 8_000 },
  faults: [{ at: 0.2, forMs: 6_000, what: 'kill', strikes: 'stack' }],
  passes: { acceptP99Ms: 5_000, drainMs: 30_000, refusals: 'allowed' },
})
