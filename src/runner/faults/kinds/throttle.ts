import { z } from 'zod'
import { processFault } from '../fault-kind.ts'
import { limitPublishes } from '../rate-limit.ts'

/** What a receiver publishes to takes no more than so many events a second, first come first served: requests wait. */
export default processFault({
  schema: { strikes: z.literal('receivers'), perS: z.number().positive() },
  inside: (levers, { perS }) => limitPublishes(levers, perS),
  draw: (random) => ({ strikes: 'receivers' as const, perS: 0.5 + random() * 5 }),
  words: ({ perS }) => `throttle ${perS}/s`,
})
