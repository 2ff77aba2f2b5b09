import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

export default defineScenario({
  ...SALE,
  name: 'schema-drift',
  question:
    'When providers rename, add and drop fields or send new versions and types, is each such event kept or buried as its schema says, and none lost?',
  durationMs: 40_000,
  quickMs: 10_000,
  shape: () => 1,
  phases: [
    { name: 'as agreed', until: 0.3 },
    { name: 'drift', until: 0.8 },
    { name: 'as agreed again', until: 1 },
  ],
  ratePerS: 600,
  // Dead letters come from drift alone.
  effects: { failOnce: 0.02, failAlways: 0 },
  faults: [],
  drift: {
    from: 0.3,
    until: 0.8,
    shares: { renamed: 0.02, added: 0.02, missing: 0.02, newVersion: 0.02, unknownType: 0.02 },
    strict: ['stripe', 'generic'],
  },
  // Drift costs no time at the door: the limit is that of a calm run.
  passes: { acceptP99Ms: 250, drainMs: 20_000 },
})
