import { z } from 'zod'
import { processFault } from '../fault-kind.ts'

/** The ledger can store nothing. It still answers what is known already. */
export default processFault({
  schema: { strikes: z.literal('processors') },
  inside: (levers) => levers.refuseSettlements(),
  draw: () => ({ strikes: 'processors' as const }),
  words: () => 'failing-ledger',
})
