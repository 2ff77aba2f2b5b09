import { z } from 'zod'
import { linkFault, oneOf } from '../fault-kind.ts'
import { LINKS } from '../planned-fault.ts'

/** Bytes to the server vanish, and nothing is reset. */
export default linkFault({
  schema: { strikes: z.enum(LINKS) },
  mode: () => 'drop-requests',
  degrade: (link) => link.dropRequests(),
  draw: (random) => ({ strikes: oneOf(random, LINKS) }),
  words: () => 'drop-requests',
})
