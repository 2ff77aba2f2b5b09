import { z } from 'zod'
import { sleep } from '../../../core/contracts/clock.ts'
import { processFault } from '../fault-kind.ts'

/** Each effect takes so much longer. */
export default processFault({
  schema: { target: z.literal('processors'), addMs: z.number().nonnegative() },
  inside: (levers, { addMs }) =>
    levers.wrapEffect((effect) => (event, tx) => sleep(levers.clock, addMs).then(() => effect(event, tx))),
  draw: (random) => ({ target: 'processors' as const, addMs: random() * 2_000 }),
  words: ({ addMs }) => `slow-effects +${addMs} ms`,
})
