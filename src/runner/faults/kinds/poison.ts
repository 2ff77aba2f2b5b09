import { z } from 'zod'
import { FloodmarkError } from '../../../core/contracts/errors.ts'
import { seeded } from '../../../core/contracts/random.ts'
import { matches, oneOf, processFault } from '../fault-kind.ts'

const REASON = 'planned: poisoned by a bug'

/** A bug: effects of one type of a provider's events fail for good. When the fault is undone, the bug is mended. */
export default processFault({
  schema: { strikes: z.literal('processors'), provider: z.string(), type: z.string().min(1) },
  inside: (levers, bug) =>
    levers.wrapEffect((effect) => (event, tx) => {
      if (matches(bug, event)) throw new FloodmarkError('rejected', REASON)
      return effect(event, tx)
    }),
  buries: { reason: REASON, events: (bug) => bug },
  draw(random, providers) {
    const own = seeded(random() * 2 ** 32)
    const provider = oneOf(own, providers)
    const { type } = provider.sample(own, { id: 'a-1', key: 'k1' })
    return { strikes: 'processors' as const, provider: provider.name, type }
  },
  words: ({ provider, type }) => `poison of ${provider} ${type}`,
})
