import { z } from 'zod'
import { faultKind, oneOf } from '../fault-kind.ts'
import { linkTo, PROCESSES, SERVERS } from '../planned-fault.ts'
import { able, nothing } from '../victim.ts'

const STRIKABLE = [...PROCESSES, ...SERVERS] as const

/** SIGKILL. Started again after forMs. */
export default faultKind({
  schema: { strikes: z.enum(STRIKABLE) },
  async strike(victim) {
    await able(victim, 'kill')()
    return able(victim, 'start')
  },
  simulate({ links, services }, { strikes, forMs }) {
    const link = linkTo(strikes)
    if (link) return links[link].refuse()
    services.kill(forMs)
    return nothing
  },
  draw: (random) => ({ strikes: oneOf(random, STRIKABLE) }),
  words: () => 'kill',
})
