import type { Scenario } from '../src/core/scenario.ts'

/** Every scenario by its name on the command line. */
export const scenarios: Record<string, () => Promise<{ readonly default: Scenario }>> = {
  steady: () => import('./steady.ts'),
  'schema-drift': () => import('./schema-drift.ts'),
  'broker-pause': () => import('./broker-pause.ts'),
  'broker-restart': () => import('./broker-restart.ts'),
  'flash-sale': () => import('./flash-sale.ts'),
  'hot-key': () => import('./hot-key.ts'),
  'outage-recovery': () => import('./outage-recovery.ts'),
  'retry-storm': () => import('./retry-storm.ts'),
  'rolling-deploy': () => import('./rolling-deploy.ts'),
  'slow-consumer': () => import('./slow-consumer.ts'),
  'duplicate-storm': () => import('./duplicate-storm.ts'),
  'large-payload': () => import('./large-payload.ts'),
  poison: () => import('./poison.ts'),
  attack: () => import('./attack.ts'),
  reconcile: () => import('./reconcile.ts'),
  replay: () => import('./replay.ts'),
}
