import flashSale from '../../scenarios/flash-sale.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

/** For tests: a sale in which receivers and processors are killed by turns. Each is back half a second later. */
export default defineScenario({
  ...flashSale,
  name: 'sale-kills',
  question: 'Is anything that was acknowledged gone, or there twice?',
  faults: (['receivers', 'processors', 'receivers', 'processors'] as const).map((strikes, turn) => ({
    at: 0.35 + 0.1 * turn,
    forMs: 500,
    what: 'kill' as const,
    strikes,
  })),
  passes: { ...flashSale.passes, refusals: 'allowed' },
})
