import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

export default defineScenario({
  ...SALE,
  name: 'duplicate-storm',
  question:
    'When every event comes one to five times, all at once and over every receiver, does each still take effect once?',
  durationMs: 30_000,
  quickMs: 10_000,
  shape: () => 1,
  phases: [{ name: 'storm', until: 1 }],
  ratePerS: 300,
  copiesMax: 5,
  faults: [],
  passes: { acceptP99Ms: 500, drainMs: 30_000 },
})
