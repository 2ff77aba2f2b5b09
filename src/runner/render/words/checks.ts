import { inWords } from '../../../core/base/words.ts'
import { cardNames, cardOf } from '../../report/cards/index.ts'
import type { Check, CheckValues, CheckWords } from '../../report/check.ts'
import type { CommonCheckId } from '../../report/checks.ts'

/** The words for the checks of every run; a card has those for its own. */
export const COMMON_CHECK_WORDS: Readonly<Record<CommonCheckId, CheckWords>> = {
  'generator-rate': { title: 'generator kept its rate' },
  'generator-lateness': { title: 'generator kept its schedule (lateness p99)' },
  'generator-event-loop': { title: 'generator had time to spare (event loop)' },
  'generator-unsent': {
    title: 'every attempt was sent',
    measured: ({ events, retries }) => `${inWords(events)} events, ${inWords(retries)} retries unsent`,
    wanted: () => '0 unsent',
  },
  lost: { title: 'accepted events lost' },
  'double-effects': { title: 'double effects' },
  'effects-never-sent': { title: 'effects of events never sent' },
  'dead-letters-misjudged': { title: 'dead letters not as planned' },
  'out-of-order': { title: 'effects out of order within a key' },
  refused: { title: 'events refused or unanswered' },
  'process-deaths': { title: 'processes that ended by themselves' },
  'response-p99': { title: 'response p99 from the intended time' },
  drained: { title: 'drained in time' },
}

/** A check in words. */
export interface SaidCheck {
  readonly title: string
  readonly measured: string
  readonly wanted: string
  readonly state: 'ok' | 'warning' | 'undecided' | 'failed'
}

/** Of an id without words, as from a card that this version no longer has, the id itself is said. */
export function sayCheck({ id, ok, warning, values }: Check): SaidCheck {
  const words = wordsOf(id)
  return {
    title: words?.title ?? id,
    measured: words?.measured?.(values) ?? inWords(values.measured),
    wanted: words?.wanted?.(values) ?? limit(values),
    state: warning ? 'warning' : ok ? 'ok' : ok === null ? 'undecided' : 'failed',
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
