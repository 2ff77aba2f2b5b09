import { z } from 'zod'
import { faultKind, oneOf } from '../fault-kind.ts'
import { linkTo, PROCESSES, SERVERS } from '../planned-fault.ts'
import { able } from '../victim.ts'

const STRIKABLE = [...PROCESSES, ...SERVERS] as const

/** SIGSTOP. SIGCONT after forMs. */
export default faultKind({
  schema: { strikes: z.enum(STRIKABLE) },
  async strike(victim) {
    able(victim, 'pause')()
    return able(victim, 'resume')
  },
  simulate(conditions, { strikes }) {
    const link = linkTo(strikes)
    return link ? conditions.links[link].hang() : conditions.freeze()
  },
  draw: (random) => ({ strikes: oneOf(random, STRIKABLE) }),
  words: () => 'pause',
})
