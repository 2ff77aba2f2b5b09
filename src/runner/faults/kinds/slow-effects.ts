import { z } from 'zod'
import { sleep } from '../../../core/contracts/clock.ts'
import { processFault } from '../fault-kind.ts'

/** Each effect takes so much longer; with `key`, each effect of that key's events. */
export default processFault({
  schema: { strikes: z.literal('processors'), addMs: z.number().nonnegative(), key: z.string().min(1).optional() },
  inside: (levers, { addMs, key }) =>
    levers.wrapEffect((effect) => (event, tx) => {
      if (key !== undefined && event.key !== key) return effect(event, tx)
      return sleep(levers.clock, addMs).then(() => effect(event, tx))
    }),
  draw: (random) => ({ strikes: 'processors' as const, addMs: random() * 2_000 }),
  words: ({ addMs, key }) => `slow-effects +${addMs} ms${key === undefined ? '' : ` of key ${key}`}`,
})
