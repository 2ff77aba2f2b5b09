import type { Intervention, Stage } from '../../records/intervention.ts'
import { ifKnown } from '../answer.ts'
import type { RateInterval } from '../belief.ts'
import type { TrialRecord } from '../ceiling-schema.ts'
import { rounded, stepBeside } from '../search.ts'
import type { Binding, Delayed } from './binding-schema.ts'
import type { BindingQuestion, Experiment } from './experiment.ts'
import { type Candidate, candidatesOf, ceilingWithLess, couldBind, littleOf } from './resources.ts'
import { factorTwice } from './shares.ts'
import { largestOf, stagesCount, stagesOf, stageTrial } from './stages.ts'

/** A load that holds by all that is known, and does not where what binds is delayed. */
const PROBE_SHARE = 0.8
/** So many trials of one kind decide a probe; and it is given up after so many. */
const PROBE_SAME = 2
const PROBE_MAX = 5
/** A ceiling under an intervention is wanted within this ratio, by so many trials. */
const BOUNDS = { ratioMax: 1.12, trialsMax: 8 }
/** It takes about so many. */
const BOUND_TRIALS = 6
/** The ceiling fell by so much of what the delay would cause by itself, ln by ln; by less, the probes failed for another reason. */
const STRENGTH_MIN = 0.35
/** What a wait consists of binds in its place where its delay did so much of that. */
const WITHIN_STRENGTH_MIN = 0.5
/** A part that is smaller is not worth the confirmation. */
const CONFIRM_SHARE_MIN = 0.04

/**
 * What binds, as a pure function: from all trials so far to the next experiment, or to the answer. First each resource that could
 * bind is delayed at a load that holds. Where that was too much, the ceiling with the delay is looked for. Where a thread binds, a
 * delay says nothing of what it is busy with, so each stage is done twice, in rounds. The largest is then confirmed by a ceiling.
 * `isOver`: no time is left for another experiment; the answer says what was left open.
 */
export function bindingStep(
  trials: readonly TrialRecord[],
  asked: BindingQuestion,
  isOver = false,
): { readonly next: Experiment } | { readonly next: undefined; readonly binding: Binding | null } {
  const base = baseOf(trials)
  if (!base) return { next: undefined, binding: null }
  const { ceilingPerS, until } = asked
  const open: Binding['open'] = []
  const resources: Binding['resources'] = []
  for (const candidate of candidatesOf(base, asked)) {
    const step = askedOf(trials, candidate, base, asked)
    if (!('next' in step)) resources.push(step)
    else if (!isOver) return step
    else {
      open.push(candidate.resource)
      resources.push(unknownOf(candidate))
    }
  }
  const binds = strongest(resources, ceilingPerS)
  const answer = {
    ceilingPerS,
    resources,
    binds: binds?.resource ?? null,
    open,
    little: littleOf(base.usages, base.senders),
  }
  const none = { next: undefined, binding: { ...answer, stages: null, confirmed: null } }
  if (!binds || !isThread(binds) || until === 'resources') return none
  const stage = stageTrial(trials, binds.process, asked)
  if (stage && !isOver) return { next: stage }
  const stages = stagesOf(trials, binds.process, asked)
  if (stage && !stages) return { ...none, binding: { ...none.binding, open: [...open, 'stages'] } }
  const largest = stages && largestOf(stages)
  const whole = { next: undefined, binding: { ...none.binding, stages } }
  if (!largest || largest.share < CONFIRM_SHARE_MIN || until === 'stages') return whole
  const named = largest.part as Stage
  const predictedPerS = ceilingPerS * factorTwice(largest.share)
  const found = ceilingUnder(trials, { what: 'twice', stage: named }, predictedPerS, asked)
  if (found === null || 'mid' in found) {
    return { ...whole, binding: { ...whole.binding, confirmed: { stage: named, predictedPerS, found } } }
  }
  return isOver ? { ...whole, binding: { ...whole.binding, open: [...open, 'confirmation'] } } : { next: found }
}

/** About so many experiments are left. For people who wait; nothing is decided by it. */
export function experimentsLeft(trials: readonly TrialRecord[], asked: BindingQuestion): number {
  const base = baseOf(trials)
  if (!base) return 0
  const candidates = candidatesOf(base, asked)
  const made = (purpose: string) => trials.filter((one) => one.purpose === purpose).length
  const probes = Math.max(0, PROBE_SAME * candidates.filter(couldBind).length - made('probe'))
  const [busiest] = candidates
  const parts = busiest && isThread(busiest) ? stagesCount(trials, busiest.process, asked) : 0
  const bounds = BOUND_TRIALS * (parts > 0 && asked.until === undefined ? 2 : 1)
  return probes + Math.max(0, bounds - made('bound')) + Math.max(0, parts - made('share'))
}

const isThread = ({ resource }: Pick<Candidate, 'resource'>) =>
  resource === 'receiving-thread' || resource === 'processing-thread'

function unknownOf({ factor: _, ...shown }: Candidate): Delayed {
  return { ...shown, delayed: true, binds: null, predictedPerS: null, found: null, halved: null }
}

/** Whether it binds, or the next experiment. */
function askedOf(
  trials: readonly TrialRecord[],
  candidate: Candidate,
  base: TrialRecord,
  asked: BindingQuestion,
): Delayed | { readonly next: Experiment } {
  const { ceilingPerS } = asked
  const none = unknownOf(candidate)
  if (!couldBind(candidate)) return { ...none, delayed: false, binds: false }
  const probed = probe(trials, candidate, asked)
  if (typeof probed === 'object' && probed !== null) return { next: probed }
  if (!probed) return { ...none, binds: probed }
  const predictedPerS = ceilingPerS * candidate.factor
  const found = ceilingUnder(trials, delayOf(candidate), predictedPerS, asked)
  if (found === null) return none
  if ('purpose' in found) return { next: found }
  const strength = Math.log(ceilingPerS / found.mid) / Math.log(1 / candidate.factor)
  const binds = strength >= STRENGTH_MIN
  const halved =
    binds && candidate.resource !== 'cores' ? ceilingWithLess(candidate, candidate.timeMs / 2, base, asked) : null
  return { ...none, binds, predictedPerS, found, halved }
}

/** The load nearest to the ceiling that held, with what it used. */
export function baseOf(trials: readonly TrialRecord[]): TrialRecord | undefined {
  const held = trials.filter(({ outcome, usages, intervention, purpose }) => {
    return outcome === 'passed' && usages.length > 0 && !intervention && purpose !== 'saturation'
  })
  return held.findLast(({ purpose }) => purpose === 'soak') ?? held.toSorted((a, b) => b.ratePerS - a.ratePerS)[0]
}

const delayOf = ({ resource, addMs }: Pick<Candidate, 'resource' | 'addMs'>): Intervention => {
  return resource === 'cores' ? { what: 'fewer-cores' } : { what: 'delay', resource, addMs }
}

export function sameIntervention(one: Intervention | undefined, other: Intervention | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Whether the delay was too much for the probing load; or the next trial; null where that cannot be told. */
function probe(
  trials: readonly TrialRecord[],
  candidate: Candidate,
  { ceilingPerS }: BindingQuestion,
): boolean | null | Experiment {
  const intervention = delayOf(candidate)
  const made = trials.filter((one) => one.purpose === 'probe' && sameIntervention(one.intervention, intervention))
  const count = (wanted: string) => made.filter(({ outcome }) => outcome === wanted).length
  if (count('failed') >= PROBE_SAME) return true
  if (count('passed') >= PROBE_SAME) return false
  if (made.length >= PROBE_MAX) return null
  return { purpose: 'probe', intervention, ratePerS: rounded(ceilingPerS * PROBE_SHARE) }
}

/** The ceiling with it; or the next trial; null where that cannot be told. */
function ceilingUnder(
  trials: readonly TrialRecord[],
  intervention: Intervention,
  hintPerS: number,
  { goal, bounds = BOUNDS }: BindingQuestion,
): RateInterval | null | Experiment {
  const made = trials.filter((one) => one.purpose !== 'share' && sameIntervention(one.intervention, intervention))
  const own = made.filter(({ purpose }) => purpose === 'bound').length
  const side = { ...goal, hintPerS, ...bounds }
  const step = stepBeside(made, own, side)
  return step.next === 'nothing'
    ? ifKnown(step.interval, made)
    : { purpose: 'bound', intervention, ratePerS: step.ratePerS }
}

/** Of those that bind the one whose delay did the most of what it would do if it alone bound. */
function strongest(resources: Binding['resources'], ceilingPerS: number): Delayed | undefined {
  const binding = resources.filter(({ binds }) => binds)
  const strengthOf = ({ found, predictedPerS }: Delayed) =>
    Math.log(ceilingPerS / found!.mid) / Math.log(ceilingPerS / predictedPerS!)
  const [first] = binding.toSorted((a, b) => strengthOf(b) - strengthOf(a))
  // A sync is a part of its publish: where both bind, what the publish waits for is the sync.
  const within =
    first?.resource === 'queue-latency' ? binding.find(({ resource }) => resource === 'disk-sync') : undefined
  return within && within.process === first!.process && strengthOf(within) >= WITHIN_STRENGTH_MIN ? within : first
}
