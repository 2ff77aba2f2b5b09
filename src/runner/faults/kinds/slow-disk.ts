import { z } from 'zod'
import { oneOf, processFault } from '../fault-kind.ts'
import { PROCESSES } from '../planned-fault.ts'

/** Each fdatasync that the process asks Node for takes so much longer. */
export default processFault({
  schema: { strikes: z.enum(PROCESSES), addMs: z.number().nonnegative() },
  inside: (levers, { addMs }) => levers.delaySyncs(addMs),
  draw: (random) => ({ strikes: oneOf(random, PROCESSES), addMs: random() * 8_000 }),
  words: ({ addMs }) => `slow-disk +${addMs} ms`,
})
