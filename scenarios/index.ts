import type { Scenario } from '../src/core/scenario.ts'

/** Every scenario by its name on the command line. */
export const scenarios: Record<string, () => Promise<{ readonly default: Scenario }>> = {
  steady: () => import('./steady.ts'),
  'broker-pause': () => import('./broker-pause.ts'),
  'broker-restart': () => import('./broker-restart.ts'),
  'flash-sale': () => import('./flash-sale.ts'),
}
