import type { LedgerDriver } from '../src/core/contracts/ledger.ts'

/** Every ledger by its name on the command line. */
export const ledgers: Record<string, () => Promise<{ readonly default: LedgerDriver }>> = {
  memory: () => import('./memory.ts'),
  lmdb: () => import('./lmdb.ts'),
  redis: () => import('./redis.ts'),
  postgres: () => import('./postgres.ts'),
}
