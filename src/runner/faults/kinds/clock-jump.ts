import { z } from 'zod'
import { oneOf, processFault } from '../fault-kind.ts'
import { PROCESSES } from '../planned-fault.ts'

/** Beyond the age at which signatures are refused, either way. */
const BY_MS_MAX = 600_000

/** The process's wall clock is off by so much. Its monotonic clock is not. */
export default processFault({
  schema: { strikes: z.enum(PROCESSES), byMs: z.number() },
  inside: (levers, { byMs }) => levers.shiftClock(byMs),
  draw: (random) => ({ strikes: oneOf(random, PROCESSES), byMs: (random() - 0.5) * 2 * BY_MS_MAX }),
  words: ({ byMs }) => `clock-jump ${byMs / 1_000} s`,
})
