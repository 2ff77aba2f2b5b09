import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

/** Somebody at the provider presses "resend", and somebody else replays recorded requests. The first events come once more. */
export default defineScenario({
  ...SALE,
  name: 'replay',
  question:
    'When recorded events come again beside live traffic, is each absorbed or refused as its provider documents it, at no cost to the rest?',
  durationMs: 40_000,
  quickMs: 14_000,
  shape: () => 1,
  phases: [
    { name: 'live', until: 0.4 },
    { name: 'live and again', until: 1 },
  ],
  ratePerS: 300,
  faults: [],
  replays: [{ of: 'recorded', at: 0.4, ratePerS: 100, first: 0.25 }],
  passes: { acceptP99Ms: 300, drainMs: 20_000 },
})
