import { percent, perS, seconds, shortTime } from '../../../core/base/words.ts'
import { ceilingBelief } from '../../search/answer.ts'
import type { RateInterval } from '../../search/belief.ts'
import type { Ceiling, TrialRecord } from '../../search/ceiling-schema.ts'
import { type Clause, outcomeOf } from '../../search/judge.ts'

/** What binds, as the end of "above it …". */
const LIMITS: Readonly<Record<Clause, string>> = {
  harm: 'events were lost, doubled or altered',
  refusals: 'events were refused',
  backlog: 'the backlog grew: less took effect than was offered',
  response: "the answers' p99 was above its mark",
  effect: "the effects' p99 was above its mark",
  other: 'another check of the run failed',
}

/** The answer in a sentence or two. */
export function ceilingWords({ found, limit, acceptP99Ms }: Ceiling): string {
  const { interval, soakedPerS } = found
  const within = interval && `${perS(interval.mid)} (${perS(interval.low)} … ${perS(interval.high)}, 90% sure)`
  const above = limit ? `; above it ${LIMITS[limit]}` : ''
  const soaked = soakedPerS === null ? '' : ` It held ${perS(soakedPerS)} in a soak.`
  const marked = `with a response p99 of at most ${acceptP99Ms} ms`
  switch (found.kind) {
    case 'found':
      return `The ceiling is ${within}, ${marked}${above}.${soaked}`
    case 'budget-over':
      if (!interval) return 'The time was over before any trial counted. Give it more: --budget 10m.'
      return `The ceiling is ${within}, ${marked}, as far as time and trials went${above}.${soaked} More of them narrow it: --budget 10m.`
    case 'generator-bound':
      return `The ceiling is at least ${perS(soakedPerS ?? interval?.low ?? 0)}: the sender can offer no more in time here. Use --senders, --max-rate or another machine for sending.`
    case 'below-lowest':
      return `The ceiling is below the lowest load that was tried${above}.`
    case 'not-measurable':
      return 'No ceiling: one trial after another was INVALID. The machine does something else, or the sender has too little of it.'
  }
}

/** What is accepted, beside what takes effect. */
export function acceptWords({ accept: { interval, atLeastPerS }, found }: Ceiling): string | undefined {
  const perSecond = interval?.mid ?? atLeastPerS
  if (perSecond === null || found.kind === 'generator-bound') return undefined
  const amount = interval
    ? `${perS(interval.mid)} (${perS(interval.low)} … ${perS(interval.high)})`
    : `at least ${perS(perSecond)}`
  const ratio = found.interval && `, ${(perSecond / found.interval.mid).toFixed(2)} times the ceiling`
  return `For a while it accepts ${amount} in time${ratio ?? ''}: what is above the ceiling waits in the queue.`
}

/** The textbook's law beside what was measured. */
export function lawWords({ law }: Ceiling): string | undefined {
  if (!law) return undefined
  const { acceptPerS, queuePerS, repeatsPerEvent, boundPerS, ofBound } = law
  const rates = `min(${perS(acceptPerS)} accepted, ${perS(queuePerS)} worked off) / (1 + ${repeatsPerEvent.toFixed(2)} repeats)`
  const bound = `The textbook's bound is ${rates} = ${perS(boundPerS)}; the ceiling is ${percent(ofBound)} of it.`
  if (ofBound >= SHARES_LITTLE) return bound
  return `${bound} The law takes receiving and processing for independent. Here they share something, as a core.`
}
/** A ceiling of so much of the bound is what the law says, within what the search knows. */
const SHARES_LITTLE = 0.9

/** The ceiling for each limit of the response p99, those that the trials tell of: limit, rate, interval. */
export function limitRows({ byLimit, criticalPerS, withoutLimit }: Ceiling): string[][] {
  const row = (name: string, { low, mid, high }: RateInterval) => [name, perS(mid), `${perS(low)} … ${perS(high)}`]
  return [
    ...byLimit.flatMap(({ limitMs, interval }) => (interval ? [row(`p99 of ${limitMs} ms`, interval)] : [])),
    ...(criticalPerS === null ? [] : [['critical: the geometric mean', perS(criticalPerS), '']]),
    ...(withoutLimit ? [row('max: any response time', withoutLimit)] : []),
  ]
}

/** What the trials of a search say of its ceiling so far; undefined: nothing yet. */
export function soFarWords(trials: readonly TrialRecord[]): string | undefined {
  const found = ceilingBelief(trials)?.published()
  return (
    found &&
    `ceiling so far ${perS(found.mid)} (${perS(found.low)} … ${perS(found.high)}, 90% sure), ${trials.length} trials`
  )
}

/** How long the search has lasted, and may last. */
export function progressWords(elapsedMs: number, leftMs: number): string {
  return leftMs > 0 ? `${seconds(elapsedMs)}, about ${seconds(leftMs)} left` : seconds(elapsedMs)
}

/** The response p99 that a trial was judged by: with an interval, or as it came out. undefined: nothing was accepted. */
export function judgedP99Ms({ response, sampleP99Ms }: TrialRecord): number | undefined {
  return response.p99?.ms ?? sampleP99Ms ?? undefined
}

const OUTCOMES: Readonly<Record<TrialRecord['outcome'], string>> = {
  passed: 'holds',
  failed: 'too much',
  undecided: 'undecided',
  invalid: 'invalid',
}
export const limitWords = (limit: Clause) => SHORT[limit]
const SHORT: Readonly<Record<Clause, string>> = {
  harm: 'harm',
  refusals: 'refusals',
  backlog: 'the backlog grows',
  response: "the answers' p99 above its mark",
  effect: "the effects' p99 above its mark",
  other: 'another check',
}

export function outcomeWords(trial: TrialRecord): string {
  const { purpose, intervention } = trial
  if (purpose === 'share')
    return `CPU time of an event${intervention ? `; with ${interventionWords(intervention)}` : ''}`
  if (purpose === 'saturation') return 'as much as it takes'
  const { outcome, limit } = purpose === 'accept' ? outcomeOf(trial, { aim: 'accept' }) : trial
  const told = limit ? `${OUTCOMES[outcome]}: ${SHORT[limit]}` : OUTCOMES[outcome]
  return intervention ? `${told}; with ${interventionWords(intervention)}` : told
}

export function interventionWords(one: NonNullable<TrialRecord['intervention']>): string {
  if (one.what === 'twice') return `${one.stage} done twice`
  if (one.what === 'fewer-cores') return 'one core fewer'
  return one.what === 'answer-only' ? 'answers alone' : `${one.resource} +${shortTime(one.addMs)}`
}
