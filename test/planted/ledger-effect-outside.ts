import lmdb from '../../ledgers/lmdb.ts'
import type { LedgerDriver } from '../../src/core/contracts/ledger.ts'

const BETWEEN_MS = 60

/** A planted bug: the effect and the mark are two transactions, a moment apart. A crash between them doubles the effect. */
const driver: LedgerDriver = {
  ...lmdb,
  async open(options) {
    const ledger = await lmdb.open(options)
    const settle = ledger.settle.bind(ledger)
    let copies = Date.now()
    return Object.assign(ledger, {
      async settle(settlements: Parameters<typeof settle>[0]) {
        const applied = settlements.filter(({ result }) => result === 'applied')
        const renamed = applied.map((one) => ({ ...one, event: { ...one.event, id: `${one.event.id}#${copies++}` } }))
        const claims = await ledger.claim(
          renamed.map(({ event }) => event),
          1_000,
        )
        await settle(renamed.map((one, at) => ({ ...one, fence: (claims[at] as { fence: number }).fence })))
        await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS))
        return settle(settlements.map((one) => (one.result === 'applied' ? { ...one, writes: [] } : one)))
      },
    })
  },
}
export default driver
