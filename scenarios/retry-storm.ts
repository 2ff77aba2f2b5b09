import { defineScenario } from '../src/core/scenario.ts'
import { SALE } from './shared/sale.ts'

/**
 * The disk hangs for a while: every request waits for the disk and is refused, and every provider tries again by
 * its own schedule, an hour in six seconds.
 */
export default defineScenario({
  ...SALE,
  name: 'retry-storm',
  question:
    'When a slow disk makes receivers refuse for a while, do the retries keep the stack down after the trigger is gone?',
  durationMs: 60_000,
  quickMs: 20_000,
  shape: () => 1,
  phases: [
    { name: 'calm', until: 0.2 },
    { name: 'trigger', until: 0.45 },
    { name: 'after', until: 1 },
  ],
  ratePerS: 300,
  retries: { timeScale: 600, tailMs: 10_000 },
  faults: [{ at: 0.2, forMs: 4_000, what: 'slow-disk', addMs: 6_000, target: 'stack' }],
  passes: { acceptP99Ms: 15_000, drainMs: 30_000, refusals: 'allowed' },
})
