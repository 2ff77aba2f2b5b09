import { inWords } from '../../../core/base/words.ts'
import { FIELDS } from '../../report/audit/altered.ts'
import { cardNames, cardOf } from '../../report/cards/index.ts'
import type { Check, CheckValues, CheckWords } from '../../report/check.ts'
import type { CommonCheckId } from '../../report/checks.ts'
import { markWords } from '../../report/latency/words.ts'

const MORE_ROOM =
  'Run it on a quieter machine, lower --rate, or share the load between more --senders where cores are idle.'

const NOTHING = { value: 0, unit: 'ms' } as const

/** The words for the checks of every run; a card has those for its own. */
export const COMMON_CHECK_WORDS: Readonly<Record<CommonCheckId, CheckWords>> = {
  'generator-rate': { title: 'generator kept its rate', remedy: MORE_ROOM },
  'generator-lateness': { title: 'generator kept its schedule (lateness p99)', remedy: MORE_ROOM },
  'generator-event-loop': { title: 'generator had time to spare (event loop)', remedy: MORE_ROOM },
  'generator-unsent': {
    title: 'the generator sent every attempt that it could',
    remedy: MORE_ROOM,
    measured: ({ events, retries }) => `${inWords(events)} events, ${inWords(retries)} retries unsent`,
    wanted: () => '0 unsent',
  },
  lost: { title: 'accepted events lost' },
  altered: {
    title: 'events that took effect, or are kept, otherwise than they were signed',
    measured: (values) => {
      const fields = FIELDS.flatMap((field) => (values[field] ? [`${field} ${inWords(values[field])}`] : []))
      return [inWords(values.measured), ...(fields.length > 0 ? [`(${fields.join(', ')})`] : [])].join(' ')
    },
  },
  'double-effects': { title: 'double effects' },
  'effects-never-sent': { title: 'effects of events never sent' },
  'differing-copies': { title: 'copies with another body than the first' },
  'dead-letters-misjudged': { title: 'dead letters not as planned' },
  'out-of-order': { title: 'effects out of order within a key' },
  refused: { title: 'events refused or unanswered' },
  'process-deaths': { title: 'processes that ended by themselves' },
  'accept-p99': markWords('accepted first attempts, p99 from due to 2xx'),
  'event-p99': markWords('accepted events, p99 from first due to first 2xx'),
  'effect-p99': markWords('events, p99 from first due to effect'),
  drained: {
    title: 'drained in time: from the last answer to the last effect',
    measured({ measured }) {
      const said = inWords(measured)
      return said === inWords(NOTHING) ? 'none came later' : said
    },
  },
}

/** A check in words. */
export interface SaidCheck {
  readonly title: string
  readonly measured: string
  readonly wanted: string
  readonly state: 'ok' | 'warning' | 'undecided' | 'failed'
  /** It goes without saying. */
  readonly quiet: boolean
  /** What to do when it failed. */
  readonly remedy: string | undefined
}

/** Of an id without words, as from a card that this version no longer has, the id itself is said. */
export function sayCheck({ id, ok, warning, values }: Check): SaidCheck {
  const words = wordsOf(id)
  return {
    title: words?.title ?? id,
    measured: words?.measured?.(values) ?? inWords(values.measured),
    wanted: words?.wanted?.(values) ?? limit(values),
    state: warning ? 'warning' : ok ? 'ok' : ok === null ? 'undecided' : 'failed',
    quiet: words?.quiet === true && ok === true && !warning,
    remedy: words?.remedy,
  }
}

function wordsOf(id: string): CheckWords | undefined {
  const all: Readonly<Record<string, CheckWords>>[] = [
    COMMON_CHECK_WORDS,
    ...cardNames.map((name) => cardOf(name).checkWords),
  ]
  return all.find((words) => Object.hasOwn(words, id))?.[id]
}

function limit({ atMost, atLeast, fewerThan, exactly }: CheckValues): string {
  if (atMost) return `at most ${inWords(atMost)}`
  if (atLeast) return `at least ${inWords(atLeast)}`
  if (fewerThan) return `fewer than ${inWords(fewerThan)}`
  return inWords(exactly)
}
