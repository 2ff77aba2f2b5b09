import { z } from 'zod'
import { faultKind, oneOf } from '../fault-kind.ts'
import { PROCESSES } from '../planned-fault.ts'
import { able, nothing } from '../victim.ts'

/** A stop, as by SIGTERM. Waits until it has ended by itself, and starts it again after forMs. `each`: one process after the other. */
export default faultKind({
  schema: { strikes: z.enum(PROCESSES), each: z.literal(true).exactOptional() },
  async strike(victim) {
    await able(victim, 'stop')()
    return able(victim, 'start')
  },
  oneByOne: ({ each = false }) => each,
  simulate({ services }, { forMs, each = false }) {
    services.restart(forMs, each)
    return nothing
  },
  draw: (random) => ({ strikes: oneOf(random, PROCESSES), ...(random() < 0.5 && { each: true as const }) }),
  words: () => 'restart',
})
