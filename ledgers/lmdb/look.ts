import { namespaceFolder } from '../../src/core/base/lock.ts'
import { MarkTime } from '../../src/core/base/marks.ts'
import { systemClock } from '../../src/core/contracts/clock.ts'
import type { LedgerDriver } from '../../src/core/contracts/ledger.ts'
import { openToRead } from './environment.ts'
import { heldIn } from './held-ids.ts'
import { Ids } from './ids.ts'

/** Looks things up beside the process that holds the ledger: LMDB lets others read, and a file says what is in hand. */
export const look: NonNullable<LedgerDriver['look']> = async (options) => {
  const folder = namespaceFolder(options)
  const environment = openToRead(folder)
  const ids = new Ids(environment)
  const time = new MarkTime(options.clock ?? systemClock)
  return {
    async lookup(asked) {
      const held = new Set(heldIn(folder).ids)
      const believed = time.believed()
      return asked.map((id) => {
        const fate = ids.fateOf(id, believed, 0)
        // The file is not written again for what was settled: that tells by itself.
        return held.has(id) && fate.state !== 'applied' && fate.state !== 'buried' ? { state: 'in-hand' } : fate
      })
    },
    async close() {
      await environment.root.close()
    },
  }
}
