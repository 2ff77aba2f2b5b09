import type { Scenario } from '../src/runner/scenario/scenario.ts'

/** Every scenario by its name on the command line. */
export const scenarios: Record<string, () => Promise<{ readonly default: Scenario }>> = {
  'flash-sale': () => import('./flash-sale.ts'),
  steady: () => import('./steady.ts'),
  'hot-key': () => import('./hot-key.ts'),
  'slow-key': () => import('./slow-key.ts'),
  'slow-consumer': () => import('./slow-consumer.ts'),
  'duplicate-storm': () => import('./duplicate-storm.ts'),
  replay: () => import('./replay.ts'),
  'retry-storm': () => import('./retry-storm.ts'),
  'outage-recovery': () => import('./outage-recovery.ts'),
  'ledger-outage': () => import('./ledger-outage.ts'),
  'broker-restart': () => import('./broker-restart.ts'),
  'broker-pause': () => import('./broker-pause.ts'),
  'rolling-deploy': () => import('./rolling-deploy.ts'),
  poison: () => import('./poison.ts'),
  'schema-drift': () => import('./schema-drift.ts'),
  reconcile: () => import('./reconcile.ts'),
  'large-payload': () => import('./large-payload.ts'),
  attack: () => import('./attack.ts'),
}
