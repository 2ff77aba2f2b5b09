import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

export default defineScenario({
  ...SALE,
  name: 'ledger-outage',
  question:
    'When the ledger can store nothing for a while, are webhooks still taken, and does each take effect once after it?',
  durationMs: 60_000,
  quickMs: 20_000,
  shape: () => 1,
  phases: [
    { name: 'calm', until: 0.2 },
    { name: 'nothing is stored', until: 0.5 },
    { name: 'catching up', until: 1 },
  ],
  ratePerS: 400,
  faults: [{ at: 0.2, forMs: 5_000, what: 'failing-ledger', strikes: 'processors' }],
  passes: { acceptP99Ms: 500, drainMs: 45_000 },
})
