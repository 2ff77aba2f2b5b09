import { defineScenario } from '../src/core/scenario.ts'

export default defineScenario({
  name: 'steady',
  question: 'Does the stack hold an even load, with flat memory and latency, for as long as it lasts?',
  durationMs: 60_000,
  quickMs: 8_000,
  shape: () => 1,
  phases: [{ name: 'steady', until: 1 }],
  ratePerS: 1_500,
  mix: [
    { provider: 'stripe', share: 0.35 },
    { provider: 'razorpay', share: 0.35 },
    { provider: 'generic', share: 0.2 },
    { provider: 'github', share: 0.1 },
  ],
  keys: { count: 20_000, zipf: 0.9 },
  effects: { failOnce: 0.02, failAlways: 0.001 },
  faults: [],
  passes: { acceptP99Ms: 250, drainMs: 20_000 },
})
