import { z } from 'zod'
import { linkFault, oneOf } from '../fault-kind.ts'
import { LINKS } from '../planned-fault.ts'

/** Each direction takes addMs longer, and up to jitterMs more. */
export default linkFault({
  schema: { strikes: z.enum(LINKS), addMs: z.number().nonnegative(), jitterMs: z.number().nonnegative() },
  mode: ({ addMs, jitterMs }) => ({ latencyMs: addMs, jitterMs }),
  degrade: (link, { addMs, jitterMs }) => link.delay(addMs, jitterMs),
  draw: (random) => ({ strikes: oneOf(random, LINKS), addMs: random() * 500, jitterMs: random() * 500 }),
  words: ({ addMs }) => `latency +${addMs} ms`,
})
