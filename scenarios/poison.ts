import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

/** A bug in one type lasts five seconds and hits 7 % of all events. Its letters are replayed about as fast as they were made. */
export default defineScenario({
  ...SALE,
  name: 'poison',
  question:
    'When a bug buries every event of one type, are the others as quick as before, and does a replay bring each back once?',
  durationMs: 40_000,
  quickMs: 16_000,
  shape: () => 1,
  phases: [
    { name: 'calm', until: 0.25 },
    { name: 'bug, then mended', until: 0.65 },
    { name: 'replay', until: 1 },
  ],
  ratePerS: 400,
  // Few events fail by themselves: the keys that retries hold must not hide the bug's effect.
  effects: { failOnce: 0.002, failAlways: 0.001 },
  faults: [{ at: 0.25, forMs: 5_000, what: 'poison', provider: 'stripe', type: 'invoice.paid', strikes: 'processors' }],
  replays: [{ of: 'dead-letters', at: 0.65, ratePerS: 30, buriedBy: 'poison' }],
  passes: { acceptP99Ms: 300, drainMs: 30_000 },
})
