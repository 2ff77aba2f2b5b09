import { z } from 'zod'
import { linkFault, oneOf } from '../fault-kind.ts'
import { LINKS } from '../planned-fault.ts'
import { undoAll } from '../victim.ts'

/** Bytes vanish in both directions, and nothing is reset. */
export default linkFault({
  schema: { strikes: z.enum(LINKS) },
  mode: () => 'blackhole',
  degrade: (link) => undoAll(link.dropRequests(), link.dropReplies()),
  draw: (random) => ({ strikes: oneOf(random, LINKS) }),
  words: () => 'blackhole',
})
