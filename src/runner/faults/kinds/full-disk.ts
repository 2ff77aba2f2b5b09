import { z } from 'zod'
import { faultKind } from '../fault-kind.ts'
import { able } from '../victim.ts'

/** The file system that holds the run's data has no room left. */
export default faultKind({
  schema: { strikes: z.literal('stack') },
  needsSmallDisk: true,
  strike: (victim) => able(victim, 'fillDisk')(),
  simulate: (conditions) => conditions.fillDisks(),
  draw: () => ({ strikes: 'stack' as const }),
  words: () => 'full-disk',
})
