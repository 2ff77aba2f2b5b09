import type { Intervention } from '../../records/intervention.ts'
import type { TrialRecord } from '../ceiling-schema.ts'
import { rounded } from '../search.ts'
import type { Binding, ThreadPart } from './binding-schema.ts'
import type { BindingQuestion, Experiment } from './experiment.ts'
import { lessOf, type Reading, type Round, type Share, sharesOf, sumOf } from './shares.ts'

/** At this share of the ceiling a stack holds also with a stage done twice. */
const SHARE_LOAD = 0.6
const ROUNDS = 3
/** A trial whose sender was late tells nothing: batches were larger then, and cheaper for each event. It is made again so often. */
const TRIES_MAX = 3
/** More than that unexplained is no decomposition. */
const REST_MAX = 1 / 3

const RECEIVES: readonly ThreadPart[] = ['http', 'verify', 'parse', 'encode']
const PROCESSES: readonly ThreadPart[] = ['parse', 'claim', 'settle', 'effect']

/** What a process's thread does, as far as that can be done twice or alone. */
function partsOf(trials: readonly TrialRecord[], process: string, verifiesApart: boolean): readonly ThreadPart[] {
  const usage = trials.flatMap(({ usages }) => usages.filter(({ name }) => name === process)).at(-1)
  const receives = (usage?.flows.requests.items ?? 0) > 0
  const processes = (usage?.flows.batches.items ?? 0) > 0
  const all = [...(receives ? RECEIVES : []), ...(processes ? PROCESSES : [])]
  return [...new Set(all)].filter((part) => !(part === 'verify' && verifiesApart))
}

const interventionOf = (part: ThreadPart): Intervention =>
  part === 'http' ? { what: 'answer-only' } : { what: 'twice', stage: part }

/** The next trial of the rounds; undefined: they are complete. */
export function stageTrial(
  trials: readonly TrialRecord[],
  process: string,
  { ceilingPerS, verifiesApart, rounds = ROUNDS }: BindingQuestion,
): Experiment | undefined {
  const ratePerS = rounded(ceilingPerS * SHARE_LOAD)
  const all = [undefined, ...partsOf(withoutShares(trials), process, verifiesApart).map(interventionOf)]
  for (let round = 1; round <= rounds; round++) {
    for (const intervention of all) {
      const made = madeWith(trials, intervention)
      const told = made.filter((one) => timeOf(one, process) !== undefined).length
      if (told < round && made.length < round + TRIES_MAX) return { purpose: 'share', intervention, ratePerS }
    }
  }
}

/** All rounds take so many trials. */
export function stagesCount(
  trials: readonly TrialRecord[],
  process: string,
  { verifiesApart, rounds = ROUNDS }: BindingQuestion,
): number {
  return rounds * (1 + partsOf(withoutShares(trials), process, verifiesApart).length)
}

/** What the thread's time for an event goes into; null where that could not be measured. */
export function stagesOf(
  trials: readonly TrialRecord[],
  process: string,
  { verifiesApart }: BindingQuestion,
): Binding['stages'] {
  const parts = partsOf(withoutShares(trials), process, verifiesApart)
  const timesOf = (intervention: Intervention | undefined) =>
    madeWith(trials, intervention).flatMap((one) => timeOf(one, process) ?? [])
  const base = timesOf(undefined)
  const byPart = parts.map((part) => [part, timesOf(interventionOf(part))] as const)
  const count = Math.min(base.length, ...byPart.map(([, times]) => times.length))
  if (count < 2) return null
  const rounds = Array.from({ length: count }, (_, at): Round<ThreadPart> => {
    return {
      base: base[at]!,
      with: Object.fromEntries(byPart.map(([part, times]) => [part, times[at]!])) as Round<ThreadPart>['with'],
    }
  })
  const readings = Object.fromEntries(parts.map((part) => [part, part === 'http' ? 'alone' : 'added'])) as Record<
    ThreadPart,
    Reading
  >
  const raw = sharesOf(rounds, readings)
  // To settle twice takes a second claim as well.
  const of = (part: ThreadPart): Share =>
    part === 'settle' && parts.includes('claim') ? lessOf(raw.settle, raw.claim) : raw[part]
  const { sum, rest } = sumOf(parts.map(of))
  return {
    process,
    parts: parts.map((part) => ({ part, ...of(part) })).toSorted((a, b) => b.share - a.share),
    rest,
    whole: sum.low <= 1 && rest.low <= REST_MAX,
  }
}

/** The largest part that can be done twice by itself. */
export function largestOf({
  parts,
}: NonNullable<Binding['stages']>): (Share & { readonly part: ThreadPart }) | undefined {
  return parts.find(({ part }) => part !== 'http' && part !== 'settle')
}

const withoutShares = (trials: readonly TrialRecord[]) => trials.filter(({ purpose }) => purpose !== 'share')

function madeWith(trials: readonly TrialRecord[], intervention: Intervention | undefined): TrialRecord[] {
  const wanted = JSON.stringify(intervention)
  return trials.filter((one) => one.purpose === 'share' && JSON.stringify(one.intervention) === wanted)
}

/** CPU time of the process's thread for 1,000 events, ms. */
function timeOf({ usages, intervention, sender }: TrialRecord, process: string): number | undefined {
  if (sender !== 'fit') return undefined
  const usage = usages.find(({ name }) => name === process)
  if (!usage || usage.mainCpuMs === null) return undefined
  const isReceiving = usage.flows.batches.items === 0 || intervention?.what === 'answer-only'
  const events = isReceiving ? usage.flows.requests.items : usage.applied
  return events > 0 ? (1_000 * usage.mainCpuMs) / events : undefined
}
