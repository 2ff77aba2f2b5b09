import { z } from 'zod'
import { linkFault, oneOf } from '../fault-kind.ts'
import { LINKS } from '../planned-fault.ts'

/** Bytes from the server vanish, and nothing is reset. The server carries requests out, and nobody hears of it. */
export default linkFault({
  schema: { strikes: z.enum(LINKS) },
  mode: () => 'drop-replies',
  degrade: (link) => link.dropReplies(),
  draw: (random) => ({ strikes: oneOf(random, LINKS) }),
  words: () => 'drop-replies',
})
