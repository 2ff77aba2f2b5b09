import { z } from 'zod'
import { faultKind, oneOf } from '../fault-kind.ts'
import { linkTo, PROCESSES, SERVERS } from '../planned-fault.ts'
import { able } from '../victim.ts'

const TARGETS = [...PROCESSES, ...SERVERS] as const

/** SIGSTOP. SIGCONT after forMs. */
export default faultKind({
  schema: { target: z.enum(TARGETS) },
  async strike(victim) {
    able(victim, 'pause')()
    return able(victim, 'resume')
  },
  simulate(conditions, { target }) {
    const link = linkTo(target)
    return link ? conditions.links[link].hang() : conditions.freeze()
  },
  draw: (random) => ({ target: oneOf(random, TARGETS) }),
  words: () => 'pause',
})
