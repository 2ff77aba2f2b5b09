import { z } from 'zod'
import { faultKind, oneOf } from '../fault-kind.ts'
import { LINKS } from '../planned-fault.ts'
import { able } from '../victim.ts'

/** Open connections are reset once, and none can be made. */
export default faultKind({
  schema: { strikes: z.enum(LINKS) },
  async strike(victim) {
    const link = able(victim, 'link')
    await link.set('refuse')
    link.cut()
    return () => link.set('pass')
  },
  simulate: ({ links }, { strikes }) => links[strikes].refuse(),
  draw: (random) => ({ strikes: oneOf(random, LINKS) }),
  words: () => 'cut',
})
