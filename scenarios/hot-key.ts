import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

export default defineScenario({
  ...SALE,
  name: 'hot-key',
  question:
    'When half of the traffic belongs to one account, whose events must keep their order, do the others still get through?',
  durationMs: 40_000,
  quickMs: 12_000,
  shape: () => 1,
  phases: [{ name: 'hot', until: 1 }],
  ratePerS: 800,
  // The hottest of these keys has 51 % of the events.
  keys: { count: 20_000, zipf: 1.75 },
  // A failing event holds its key. No event of the hot key may fail for long.
  effects: { failOnce: 0.002, failAlways: 0 },
  faults: [],
  passes: { acceptP99Ms: 500, drainMs: 30_000 },
})
