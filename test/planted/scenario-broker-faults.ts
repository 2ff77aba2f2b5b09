import { SALE } from '../../scenarios/shared/sale.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

/**
 * For tests: the queue hangs for ten seconds, and later is killed for three. The kill comes last: Kafka takes as long to be back as the
 * machine makes it, and what it had is waited for.
 */
export default defineScenario({
  ...SALE,
  name: 'broker-faults',
  question: 'Is anything acknowledged gone?',
  durationMs: 27_000,
  quickMs: 27_000,
  shape: () => 1,
  phases: [{ name: 'all', until: 1 }],
  ratePerS: 100,
  faults: [
    { at: 0.12, forMs: 10_000, what: 'pause', strikes: 'queue-server' },
    { at: 0.6, forMs: 3_000, what: 'kill', strikes: 'queue-server' },
  ],
  passes: { acceptP99Ms: 30_000, drainMs: 60_000, refusals: 'allowed' },
})
