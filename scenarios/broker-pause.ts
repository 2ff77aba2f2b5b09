import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

export default defineScenario({
  ...SALE,
  name: 'broker-pause',
  question: 'When the queue hangs for ten seconds with its connections open, is anything acknowledged gone?',
  durationMs: 40_000,
  quickMs: 18_000,
  shape: () => 1,
  phases: [
    { name: 'calm', until: 0.25 },
    { name: 'hangs, then catches up', until: 0.8 },
    { name: 'after', until: 1 },
  ],
  ratePerS: 400,
  faults: [{ at: 0.25, forMs: 10_000, what: 'pause', strikes: 'queue-server' }],
  // Twice the pause and some catching up: one pause holds the slowest 1%, so the slowest of all decides, at half of the mark.
  passes: { acceptP99Ms: 25_000, drainMs: 40_000, refusals: 'allowed' },
})
