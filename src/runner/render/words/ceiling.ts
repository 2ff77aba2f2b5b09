import { perS } from '../../../core/base/words.ts'
import type { Ceiling, TrialRecord } from '../../search/ceiling-schema.ts'
import type { Clause } from '../../search/judge.ts'

/** What binds, as the end of "above it …". */
const LIMITS: Readonly<Record<Clause, string>> = {
  harm: 'events were lost, doubled or altered',
  refusals: 'events were refused',
  backlog: 'the backlog grew: less took effect than was offered',
  response: 'a p99 was above its mark',
  other: 'another check of the run failed',
}

/** The answer in a sentence or two. */
export function ceilingWords({ found, limit, acceptP99Ms }: Ceiling): string {
  const { interval, soakedPerS } = found
  const within = interval && `${perS(interval.mid)} (${perS(interval.low)} … ${perS(interval.high)}, 90% sure)`
  const above = limit ? `; above it ${LIMITS[limit]}` : ''
  const soaked = soakedPerS === null ? '' : ` It held ${perS(soakedPerS)} in a soak.`
  switch (found.kind) {
    case 'found':
      return `The ceiling is ${within}, with a response p99 of at most ${acceptP99Ms} ms${above}.${soaked}`
    case 'budget-over':
      if (!interval) return 'The time was over before any trial counted. Give it more: --budget 10m.'
      return `The ceiling is ${within}, as far as time and trials went${above}.${soaked} More of them narrow it: --budget 10m.`
    case 'generator-bound':
      return `The ceiling is at least ${perS(soakedPerS ?? interval?.low ?? 0)}: the sender can offer no more here. Use --senders, --max-rate or another machine for sending.`
    case 'below-lowest':
      return `The ceiling is below the lowest load that was tried${above}.`
    case 'not-measurable':
      return 'No ceiling: one trial after another was INVALID. The machine does something else, or the sender has too little of it.'
  }
}

const OUTCOMES: Readonly<Record<TrialRecord['outcome'], string>> = {
  passed: 'holds',
  failed: 'too much',
  undecided: 'undecided',
  invalid: 'invalid',
}
const SHORT: Readonly<Record<Clause, string>> = {
  harm: 'harm',
  refusals: 'refusals',
  backlog: 'the backlog grows',
  response: 'a p99 above its mark',
  other: 'another check',
}

export function outcomeWords({ purpose, outcome, limit }: TrialRecord): string {
  if (purpose === 'saturation') return 'as much as it takes'
  return limit ? `${OUTCOMES[outcome]}: ${SHORT[limit]}` : OUTCOMES[outcome]
}
