import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

const PEAK = 10

/** Calm, a front of a few seconds up to ten times as much, a plateau, a decay over a third of the time. */
function shape(at: number): number {
  if (at < 0.25) return 1
  if (at < 0.3) return 1 + ((PEAK - 1) * (at - 0.25)) / 0.05
  if (at < 0.6) return PEAK
  return 1 + (PEAK - 1) * Math.exp(-(at - 0.6) / 0.1)
}

export default defineScenario({
  ...SALE,
  name: 'flash-sale',
  question:
    'Does the stack take a sale that multiplies the traffic within seconds (by ten, or by --spike) without losing or doubling an event?',
  durationMs: 40_000,
  quickMs: 12_000,
  shape,
  phases: [
    { name: 'calm', until: 0.25 },
    { name: 'front', until: 0.3 },
    { name: 'plateau', until: 0.6 },
    { name: 'decay', until: 1 },
  ],
  ratePerS: 300,
  faults: [],
  passes: { acceptP99Ms: 500, drainMs: 20_000 },
})
