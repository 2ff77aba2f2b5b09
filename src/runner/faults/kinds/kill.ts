import { z } from 'zod'
import { faultKind, oneOf } from '../fault-kind.ts'
import { linkTo, PROCESSES, SERVERS } from '../planned-fault.ts'
import { able, nothing } from '../victim.ts'

const TARGETS = [...PROCESSES, ...SERVERS] as const

/** SIGKILL. Started again after forMs. */
export default faultKind({
  schema: { target: z.enum(TARGETS) },
  async strike(victim) {
    await able(victim, 'kill')()
    return able(victim, 'start')
  },
  simulate({ links, services }, { target, forMs }) {
    const link = linkTo(target)
    if (link) return links[link].refuse()
    services.kill(forMs)
    return nothing
  },
  draw: (random) => ({ target: oneOf(random, TARGETS) }),
  words: () => 'kill',
})
