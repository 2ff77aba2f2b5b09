import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

const MIB = 1024 * 1024

/** Up to a receiver's default limit, and beyond it by reference. In memory: tens of the longest bodies at once, not thousands. */
export default defineScenario({
  ...SALE,
  name: 'large-payload',
  question:
    'Do bodies of up to 1 MiB, and contents of up to 4 MiB fetched by reference, pass in time and in bounded memory?',
  durationMs: 30_000,
  quickMs: 10_000,
  shape: () => 1,
  phases: [{ name: 'steady', until: 1 }],
  ratePerS: 100,
  longBodies: { share: 0.15, bytes: { min: 16 * 1024, max: MIB } },
  claimCheck: {
    share: 0.1,
    bytes: { min: 64 * 1024, max: 4 * MIB },
    unavailableOnce: 0.1,
    altered: 0.03,
  },
  faults: [],
  passes: { acceptP99Ms: 1_000, drainMs: 30_000, memoryBytesMax: 384 * MIB },
})
