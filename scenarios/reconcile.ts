import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

/** Webhooks stay away: a provider gives up, or a hook is switched off for an hour. The provider's list still has the events. */
export default defineScenario({
  ...SALE,
  name: 'reconcile',
  question: "Are webhooks that the sender never sent found in the provider's list, and does none take effect twice?",
  durationMs: 30_000,
  quickMs: 10_000,
  shape: () => 1,
  phases: [{ name: 'steady', until: 1 }],
  ratePerS: 200,
  reconcile: { lostShare: 0.03, everyMs: 1_000, overlapMs: 2_000 },
  faults: [],
  passes: { acceptP99Ms: 250, drainMs: 20_000 },
})
