import { defineScenario } from 'floodmark'

/**
 * Your own scenario: `npm run scenario examples/my-sale.ts` needs nothing else. Copy it anywhere. A wrong field is named
 * before anything starts.
 */
export default defineScenario({
  name: 'my-sale',
  question: 'Does the stack take our Friday sale, with a deployment in the middle of it?',
  durationMs: 60_000,
  quickMs: 12_000,
  // A multiple of the base rate over the run, 0-1: calm, six times as much within a moment, then slowly less.
  shape: (at) => (at < 0.3 ? 1 : 1 + 5 * Math.exp(-(at - 0.3) / 0.2)),
  phases: [
    { name: 'calm', until: 0.3 },
    { name: 'sale', until: 1 },
  ],
  ratePerS: 200,
  mix: [
    { provider: 'stripe', share: 0.6 },
    { provider: 'shopify', share: 0.4 },
  ],
  // 5,000 customers. Some of them buy far more often than others.
  keys: { count: 5_000, zipf: 1 },
  effects: { failOnce: 0.01, failAlways: 0.001 },
  faults: [{ at: 0.5, forMs: 500, what: 'restart', strikes: 'stack' }],
  passes: { acceptP99Ms: 2_000, drainMs: 20_000, refusals: 'allowed' },
})
