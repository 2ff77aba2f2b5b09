import type { Intervention, Stage } from '../../records/intervention.ts'
import type { RateInterval } from '../belief.ts'
import type { TrialRecord } from '../ceiling-schema.ts'
import { rounded, stepBeside } from '../search.ts'
import type { Binding } from './binding-schema.ts'
import type { BindingQuestion, Experiment } from './experiment.ts'
import { type Candidate, candidatesOf, littleOf } from './resources.ts'
import { factorTwice } from './shares.ts'
import { largestOf, stagesOf, stageTrial } from './stages.ts'

/** A load that holds by all that is known, and does not where what binds is delayed. */
const PROBE_SHARE = 0.8
/** So many trials of one kind decide a probe; and it is given up after so many. */
const PROBE_SAME = 2
const PROBE_MAX = 5
/** A ceiling under an intervention is wanted within this ratio, by so many trials. */
const BOUND_RATIO_MAX = 1.12
const BOUND_TRIALS_MAX = 8
/** The ceiling fell by so much of what the delay would cause by itself, ln by ln; by less, the probes failed for another reason. */
const STRENGTH_MIN = 0.35
/** A part that is smaller is not worth the confirmation. */
const CONFIRM_SHARE_MIN = 0.04

/**
 * What binds, as a pure function: from all trials so far to the next experiment, or to the answer. First each resource is delayed
 * at a load that holds. Where that was too much, the ceiling with the delay is looked for. Where a thread binds, a delay says
 * nothing of what it is busy with, so each stage is done twice, in rounds. The largest is then confirmed by a ceiling.
 */
export function bindingStep(
  trials: readonly TrialRecord[],
  asked: BindingQuestion,
): { readonly next: Experiment } | { readonly next: undefined; readonly binding: Binding | null } {
  const base = baseOf(trials)
  if (!base) return { next: undefined, binding: null }
  const resources: Binding['resources'] = []
  for (const candidate of candidatesOf(base.usages, { ...asked, cores: base.cores })) {
    const { factor, ...shown } = candidate
    const probed = probe(trials, candidate, asked)
    if (typeof probed === 'object' && probed !== null) return { next: probed }
    const none = { ...shown, binds: probed, predictedPerS: null, found: null }
    if (!probed) {
      resources.push(none)
      continue
    }
    const predictedPerS = asked.ceilingPerS * factor
    const found = ceilingUnder(trials, delayOf(candidate), predictedPerS, asked)
    if ('purpose' in found) return { next: found }
    const strength = Math.log(asked.ceilingPerS / found.mid) / Math.log(1 / factor)
    resources.push({ ...none, binds: strength >= STRENGTH_MIN, predictedPerS, found })
  }
  const binds = strongest(resources, asked.ceilingPerS)
  const thread = binds?.resource === 'receiving-thread' || binds?.resource === 'processing-thread' ? binds : undefined
  const stage = thread && stageTrial(trials, thread.process, asked)
  if (stage) return { next: stage }
  const stages = thread ? stagesOf(trials, thread.process, asked) : null
  const largest = stages && largestOf(stages)
  let confirmed: Binding['confirmed'] = null
  if (largest && largest.share >= CONFIRM_SHARE_MIN) {
    const predictedPerS = asked.ceilingPerS * factorTwice(largest.share)
    const found = ceilingUnder(trials, { what: 'twice', stage: largest.part as Stage }, predictedPerS, asked)
    if ('purpose' in found) return { next: found }
    confirmed = { stage: largest.part as Stage, predictedPerS, found }
  }
  const { ceilingPerS } = asked
  const binding = {
    ceilingPerS,
    resources,
    binds: binds?.resource ?? null,
    stages,
    confirmed,
    little: littleOf(base.usages),
  }
  return { next: undefined, binding }
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

function ceilingUnder(
  trials: readonly TrialRecord[],
  intervention: Intervention,
  hintPerS: number,
  { goal }: BindingQuestion,
): RateInterval | Experiment {
  const made = trials.filter((one) => one.purpose !== 'share' && sameIntervention(one.intervention, intervention))
  const own = made.filter(({ purpose }) => purpose === 'bound').length
  const side = { ...goal, hintPerS, ratioMax: BOUND_RATIO_MAX, trialsMax: BOUND_TRIALS_MAX }
  const step = stepBeside(made, own, side)
  return step.next === 'nothing' ? step.interval : { purpose: 'bound', intervention, ratePerS: step.ratePerS }
}

/** How much of the fall that a delay would cause, if its resource alone bound, it did cause; ln by ln. */
function strongest(resources: Binding['resources'], ceilingPerS: number): Binding['resources'][number] | undefined {
  const strengthOf = ({ found, predictedPerS }: Binding['resources'][number]) =>
    found && predictedPerS ? Math.log(ceilingPerS / found.mid) / Math.log(ceilingPerS / predictedPerS) : 0
  return resources.filter(({ binds }) => binds).toSorted((a, b) => strengthOf(b) - strengthOf(a))[0]
}
