import { z } from 'zod'
import { oneOf, processFault } from '../fault-kind.ts'
import { PROCESSES } from '../planned-fault.ts'
import { nothing } from '../victim.ts'

/** The event loop is blocked. */
export default processFault({
  schema: { strikes: z.enum(PROCESSES) },
  inside(levers, { forMs }) {
    levers.blockLoop(forMs)
    return nothing
  },
  draw: (random) => ({ strikes: oneOf(random, PROCESSES) }),
  words: () => 'stall',
})
