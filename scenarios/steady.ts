import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

export default defineScenario({
  ...SALE,
  name: 'steady',
  question: 'Does the stack hold an even load, with flat memory and latency, for as long as it lasts?',
  durationMs: 60_000,
  quickMs: 8_000,
  shape: () => 1,
  phases: [{ name: 'steady', until: 1 }],
  ratePerS: 600,
  faults: [],
  passes: { acceptP99Ms: 250, drainMs: 20_000 },
})
