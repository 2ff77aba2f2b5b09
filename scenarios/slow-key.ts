import { defineScenario } from '../src/runner/scenario/scenario.ts'

export default defineScenario({
  name: 'slow-key',
  question:
    "When one account's effects are slow for a while, does its backlog stay its own, or do the others wait too?",
  durationMs: 60_000,
  quickMs: 15_000,
  shape: () => 1,
  phases: [
    { name: 'calm', until: 0.2 },
    { name: 'one account slow', until: 0.5 },
    { name: 'after', until: 1 },
  ],
  ratePerS: 400,
  mix: [{ provider: 'generic', share: 1 }],
  // The slow account has 5 % of the events: 20 a second, while two a second take effect.
  keys: { count: 1_000, zipf: 0.75 },
  // A failing event holds its key. No event of the slow account may fail for long.
  effects: { failOnce: 0.002, failAlways: 0 },
  faults: [{ at: 0.2, forMs: 4_000, what: 'slow-effects', addMs: 500, key: 'k0', strikes: 'processors' }],
  passes: { acceptP99Ms: 500, drainMs: 30_000 },
})
