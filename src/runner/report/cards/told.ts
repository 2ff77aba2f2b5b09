import { z } from 'zod'
import { defineCard } from '../card.ts'
import { check, counted } from '../check.ts'
import { count } from '../common-schema.ts'

/** Lines of a target's effects: of this run, of others, and those that could not be read. */
const schema = z.object({ from: z.string(), lines: count, foreign: count, unreadable: count })

/** What a target told of its effects. */
export const told = defineCard({
  schema,
  make: ({ record }) => record.told && { ...record.told },
  // What an unreadable line was about is not known, so nothing is decided where there is one.
  checks: (card) =>
    card
      ? [
          check('effects-readable', card.unreadable === 0 ? true : null, {
            measured: counted(card.unreadable),
            exactly: counted(0),
          }),
        ]
      : [],
  checkWords: { 'effects-readable': { title: 'lines of effects that could not be read', quiet: true } },
  words({ from, lines, foreign }) {
    const others = foreign > 0 ? `, and ${foreign} of other runs` : ''
    const line = `effects as the target tells them (${from}): ${lines} lines${others}; only id, body and time are compared`
    return { blocks: [{ paragraph: `${line}.` }], lines: [line] }
  },
})
