import { percent, perS, seconds, shortTime } from '../../../core/base/words.ts'
import { OTHERS_MAX } from '../../report/machine/words.ts'
import { ceilingBelief, heldMaxRate, knownPerS } from '../../search/answer.ts'
import type { RateInterval } from '../../search/belief.ts'
import type { Ceiling, TrialRecord } from '../../search/ceiling-schema.ts'
import { type Clause, outcomeOf } from '../../search/judge.ts'
import { HAVE_COSTS } from '../../search/search.ts'

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
export function ceilingWords(ceiling: Ceiling): string {
  const { found, limit, acceptP99Ms, interrupted } = ceiling
  const { interval } = found
  const within = interval && `${perS(interval.mid)} (${perS(interval.low)} … ${perS(interval.high)}, 90% sure)`
  const above = limit ? `; above it ${LIMITS[limit]}` : ''
  // First, since it is what one plans with.
  const soaked = soakWords(ceiling)
  const marked = `with a response p99 of at most ${acceptP99Ms} ms`
  switch (found.kind) {
    case 'found':
      return `${soaked} The ceiling is ${within}, ${marked}${above}.`
    case 'budget-over':
      if (!interval) return `${interrupted ? 'It was interrupted' : 'The time was over'} before any trial counted.`
      return `${soaked} The ceiling is ${within}, ${marked}, as far as ${interrupted ? 'it went until it was interrupted' : 'time and trials went'}${above}. More time may narrow it: go on with --resume.`
    case 'generator-bound':
      return `${soaked} The ceiling is at least ${perS(knownPerS(found) ?? 0)}, ${marked}: ${boundWords(ceiling)}`
    case 'below-lowest':
      return `The ceiling is below the lowest load that was tried${above}.`
    case 'not-measurable':
      return 'No ceiling: one trial after another was INVALID. The machine does something else, or the sender has too little of it.'
  }
}

/** Whether a load was run and held for as long as one that is to be planned with. */
function soakWords({ found: { soakedPerS }, trials }: Ceiling): string {
  if (soakedPerS !== null) return `It held ${perS(soakedPerS)} in a soak.`
  return trials.some(({ purpose }) => purpose === 'soak') ? 'No load held in a soak.' : 'It was not soaked.'
}

/** Why no higher load was tried. */
function boundWords(ceiling: Ceiling): string {
  return heldMaxRate(ceiling)
    ? `it holds what --max-rate lets the search offer, ${perS(ceiling.ratePerSMax!)}. A higher --max-rate may find it.`
    : 'the sender can offer no more in time here. Use --senders or another machine for sending.'
}

/** What is accepted, beside what takes effect. */
export function acceptWords({ accept: { interval, atLeastPerS }, found }: Ceiling): string | undefined {
  const perSecond = interval?.mid ?? atLeastPerS
  if (perSecond === null || found.kind === 'generator-bound') return undefined
  const amount = interval
    ? `${perS(interval.mid)} (${perS(interval.low)} … ${perS(interval.high)})`
    : `at least ${perS(perSecond)}`
  const ratio = found.interval && `, ${(perSecond / found.interval.mid).toFixed(2)} times the ceiling`
  if (found.interval && perSecond < found.interval.mid * MORE_MIN) {
    return interval
      ? `It accepts ${amount} in time${ratio}: hardly more than takes effect, so there is no room for a burst.`
      : 'How much more than the ceiling it accepts for a while was not measured.'
  }
  return `For a while it accepts ${amount} in time${ratio ?? ''}: what is above the ceiling waits in the queue.`
}

/** By less the two are not told apart. */
const MORE_MIN = 1.05

/** The textbook's law beside what was measured. */
export function lawWords({ law }: Ceiling): string | undefined {
  if (!law) return undefined
  const { acceptPerS, queuePerS, repeatsPerEvent, boundPerS, ofBound } = law
  const rates = `min(${perS(acceptPerS)} accepted, ${perS(queuePerS)} worked off) / (1 + ${repeatsPerEvent.toFixed(2)} repeats)`
  const all = ofBound > 1 ? ', which is all of it: both are known to within some percent' : ''
  const bound = `The textbook's bound is ${rates} = ${perS(boundPerS)}; the ceiling is ${percent(ofBound)} of it${all}.`
  if (ofBound >= SHARES_LITTLE) return bound
  return `${bound} The law takes receiving and processing for independent. Here they share something, as a core.`
}
/** A ceiling of so much of the bound is what the law says, within what the search knows. */
const SHARES_LITTLE = 0.9

/** What makes the answer worth less, or is not in it, a sentence each. */
export function doubtWords(ceiling: Ceiling): string[] {
  const { drifted, trials, costs, found, asked, binding } = ceiling
  const others = othersOf(trials)
  const isMissing = asked?.includes('costs') && costs.length === 0 && HAVE_COSTS.includes(found.kind)
  return [
    ...(drifted ? [DRIFTED] : []),
    ...(others && others.mean > OTHERS_MAX
      ? [
          `Other processes took ${others.mean.toFixed(2)} cores meanwhile. On a quiet machine the ceiling may be another one.`,
        ]
      : []),
    ...(asked?.includes('binding') && !binding
      ? ['What binds was not looked for: the ceiling is not known well enough. Give it more time with --resume.']
      : []),
    ...(isMissing ? ['What 1,000 events cost was not measured: there was no trial for it.'] : []),
  ]
}
const DRIFTED =
  'The machine changed while it was measured: early and late trials tell of two ceilings, or an event came to cost more CPU. Try again when it is quiet.'

/** Cores that other processes took during the trials, on average and in the busiest one; undefined: the system does not say. */
export function othersOf(trials: readonly TrialRecord[]): { readonly mean: number; readonly most: number } | undefined {
  const cores = trials.flatMap(({ machine }) => machine.othersCores ?? [])
  if (cores.length === 0) return undefined
  return { mean: cores.reduce((sum, one) => sum + one, 0) / cores.length, most: Math.max(...cores) }
}

/** The ceiling for each limit of the response p99: limit, rate, interval. None where the trials tell of none. */
export function limitRows({ byLimit, criticalPerS, withoutLimit }: Ceiling): string[][] {
  const row = (name: string, interval: RateInterval | null) =>
    interval
      ? [name, perS(interval.mid), `${perS(interval.low)} … ${perS(interval.high)}`]
      : [name, 'not known', 'the trials do not tell']
  if (![...byLimit.map(({ interval }) => interval), withoutLimit].some(Boolean)) return []
  const critical = criticalPerS === null ? ['not known', 'needs a ceiling for each limit'] : [perS(criticalPerS), '']
  return [
    ...byLimit.map(({ limitMs, interval }) => row(`p99 of ${limitMs} ms`, interval)),
    ['critical: the geometric mean', ...critical],
    row('max: any response time', withoutLimit),
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
