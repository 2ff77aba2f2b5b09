import { z } from 'zod'
import { percent } from '../../../core/base/words.ts'
import { processFault } from '../fault-kind.ts'

/** So many fail, and yet none so often that it would be buried. */
const DRAWN_SHARE_MAX = 0.5

/** What effects depend on is down: this share of all tries fails. */
export default processFault({
  schema: { strikes: z.literal('processors'), share: z.number().min(0).max(1) },
  inside: (levers, { share }) =>
    levers.wrapEffect((effect) => (event, tx) => {
      if (levers.random() < share) throw new Error('planned: what the effect depends on is down')
      return effect(event, tx)
    }),
  draw: (random) => ({ strikes: 'processors' as const, share: random() * DRAWN_SHARE_MAX }),
  words: ({ share }) => `failing-effects ${percent(share)}`,
})
