import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

export default defineScenario({
  ...SALE,
  name: 'rolling-deploy',
  question:
    'When a new version is rolled out, one process after the other, under load: is nothing refused and nothing lost?',
  durationMs: 40_000,
  quickMs: 18_000,
  shape: () => 1,
  phases: [
    { name: 'calm', until: 0.2 },
    { name: 'one after the other', until: 0.85 },
    { name: 'after', until: 1 },
  ],
  ratePerS: 300,
  processesMin: 2,
  balancer: { tryMs: 10_000 },
  faults: [{ at: 0.2, forMs: 300, what: 'restart', strikes: 'stack', each: true }],
  // With a single process requests wait while it ends (half a second of grace) and starts (a second or two).
  passes: { acceptP99Ms: 5_000, drainMs: 20_000 },
})
