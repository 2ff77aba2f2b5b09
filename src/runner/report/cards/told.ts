import { z } from 'zod'
import { inWords } from '../../../core/base/words.ts'
import { defineCard } from '../card.ts'
import { check, counted } from '../check.ts'
import { count } from '../common-schema.ts'

/** Lines of a target's effects: of this run, of others, and those that could not be read. `unread`: why the last look failed. */
const schema = z.object({
  from: z.string(),
  lines: count,
  foreign: count,
  unreadable: count,
  unread: z.string().optional(),
})

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
          check('effects-followed', card.unread === undefined ? true : null, {
            unread: counted(card.unread === undefined ? 0 : 1),
            exactly: counted(0),
          }),
        ]
      : [],
  checkWords: {
    'effects-readable': { title: 'lines of effects that could not be read', quiet: true },
    'effects-followed': {
      title: 'the target told of its effects to the end',
      measured: ({ unread }) => (inWords(unread) === '1' ? 'it could not be asked any more' : 'it did'),
      wanted: () => 'until it has told of all',
      quiet: true,
    },
  },
  words({ from, lines, foreign, unread }) {
    const others = foreign > 0 ? `, and ${foreign} of other runs` : ''
    const line = `effects as the target tells them (${from}): ${lines} lines${others}; only id, body and time are compared`
    const open = unread === undefined ? [] : [`what it had not told by then is not known: ${unread}`]
    return { blocks: [line, ...open].map((one) => ({ paragraph: `${one}.` })), lines: [line, ...open] }
  },
})
