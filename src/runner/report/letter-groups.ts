import { z } from 'zod'
import { seconds } from '../../core/base/words.ts'
import type { Cell } from './card.ts'
import { count } from './common-schema.ts'

/** Dead letters by source, type and reason, the largest group first. */
export const letterGroups = z.array(
  z.object({
    source: z.string(),
    type: z.string(),
    reason: z.string(),
    count,
    /** When the first and the last of them were buried, ms since the start of the run. */
    oldestMs: z.number(),
    newestMs: z.number(),
  }),
)

export const LETTER_HEAD = ['source', 'type', 'reason', 'events', 'first buried', 'last buried']

export function letterRows(groups: z.infer<typeof letterGroups>): Cell[][] {
  return groups.map((one) => [
    one.source,
    one.type,
    one.reason,
    one.count,
    seconds(one.oldestMs),
    seconds(one.newestMs),
  ])
}
