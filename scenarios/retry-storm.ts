import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

/**
 * The receivers' publishes all but stop for a while. Requests wait until their senders give them up, and every provider
 * tries again by its own schedule, an hour in six seconds. Senders wait for an answer a tenth as long as in earnest, from
 * half a second to two.
 */
export default defineScenario({
  ...SALE,
  name: 'retry-storm',
  question:
    'When the queue is so slow for a while that senders give up waiting, do the retries keep the stack down after the trigger is gone?',
  durationMs: 60_000,
  quickMs: 20_000,
  shape: () => 1,
  phases: [
    { name: 'calm', until: 0.2 },
    { name: 'trigger', until: 0.45 },
    { name: 'after', until: 1 },
  ],
  ratePerS: 300,
  retries: { timeScale: 600, tailMs: 10_000, timeoutScale: 10 },
  faults: [{ at: 0.2, forMs: 4_000, what: 'throttle', perS: 20, strikes: 'receivers' }],
  // An event that is tried again may come as late as the last retry. The mark is twice a quick run with its tail.
  passes: { acceptP99Ms: 15_000, eventP99Ms: 60_000, drainMs: 30_000, refusals: 'allowed' },
})
