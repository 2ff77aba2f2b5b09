import memory from '../../ledgers/memory.ts'
import type { Ledger, LedgerDriver, Settlement } from '../../src/core/contracts/ledger.ts'

/** A planted bug: checks whether an id was settled, and settles it later. Between the two, another copy checks as well. */
const driver: LedgerDriver = {
  ...memory,
  async open(options) {
    const ledger = await memory.open(options)
    const claim = ledger.claim.bind(ledger)
    const settle = ledger.settle.bind(ledger)
    const settled = new Set<string>()
    let copies = 0
    /** Settles under a fresh id, so that nothing in the real ledger stops it. */
    async function settleAnyway(settlement: Settlement) {
      const { event, result } = settlement
      if (result === 'applied') settled.add(event.id)
      const renamed = result === 'applied' ? { ...event, id: `${event.id}#${copies++}` } : event
      const [claimed] = await claim([renamed], 1_000)
      const fence = claimed!.state === 'new' ? claimed!.fence : 0
      return (await settle([{ ...settlement, event: renamed, fence }]))[0]!
    }
    const overrides: Pick<Ledger, 'claim' | 'settle'> = {
      claim: async (events) =>
        events.map(({ id }) =>
          settled.has(id)
            ? { state: 'duplicate' }
            : { state: 'new', fence: 0, failures: 0, failingForMs: 0, lostTries: 0 },
        ),
      settle: (settlements) => Promise.all(settlements.map(settleAnyway)),
    }
    return Object.assign(ledger, overrides)
  },
}
export default driver
