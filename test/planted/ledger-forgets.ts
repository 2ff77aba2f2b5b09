import memory from '../../ledgers/memory.ts'
import type { LedgerDriver } from '../../src/core/contracts/ledger.ts'

/** A planted bug: no dedup. Marks are deleted as soon as they are made. */
const driver: LedgerDriver = { ...memory, open: (options) => memory.open({ ...options, ttlMs: 0 }) }
export default driver
