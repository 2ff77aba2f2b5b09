import memory from '../../ledgers/memory.ts'
import type { LedgerDriver } from '../../src/core/contracts/ledger.ts'

/** A planted bug: no dedup. Marks are deleted as soon as they are made, and the ledger does not say so. */
const driver: LedgerDriver = {
  ...memory,
  async open(options) {
    const { traits } = await memory.open(options)
    const ledger = await memory.open({ ...options, ttlMs: 0 })
    return Object.defineProperty(ledger, 'traits', { value: traits })
  },
}
export default driver
