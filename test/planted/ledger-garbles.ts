import memory from '../../ledgers/memory.ts'
import type { LedgerDriver, Settlement } from '../../src/core/contracts/ledger.ts'

/** Every so many settlements a write is stored with one bit of its last byte flipped. */
const EVERY = 20

/** A planted bug: what an effect wrote is not what is read again. */
const driver: LedgerDriver = {
  ...memory,
  async open(options) {
    const ledger = await memory.open(options)
    const settle = ledger.settle.bind(ledger)
    let count = 0
    const garbled = (one: Settlement): Settlement => {
      if (one.result !== 'applied' || ++count % EVERY !== 0) return one
      const writes = one.writes.map((write) => {
        if (!('value' in write)) return write
        const value = Buffer.from(write.value)
        value[value.length - 1]! ^= 1
        return { ...write, value }
      })
      return { ...one, writes }
    }
    return Object.assign(ledger, { settle: (all: readonly Settlement[]) => settle(all.map(garbled)) })
  },
}
export default driver
