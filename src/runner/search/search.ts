import { Belief, type RateInterval } from './belief.ts'
import { countedOf, hintPerS, nextSaturation, OF_SEARCH } from './hint.ts'
import { fits, mayGoOn, NO_HURRY, type TimeLeft } from './time-plan.ts'
import type { Purpose, Trial } from './trial.ts'

/** What to search, and for how long. */
export interface Goal {
  /** The search ends when high / low of its interval is at most this. */
  readonly ratioMax: number
  /** Trials that count: soaks and anchors too, invalid ones not. Those that were made before a search goes on are not among them. */
  readonly trialsMax: number
  /** The highest load, events per second: no sender is certified for more. */
  readonly ratePerSMax: number
  /** The lowest load, events per second. */
  readonly ratePerSMin: number
  /** Whether a load is to be published, and so is tried for longer. */
  readonly soaks: boolean
  /** So many trials were made before somebody let the search go on. Limits are for what comes then. Default: none. */
  readonly triedBefore?: number
}
export const GOAL: Omit<Goal, 'ratePerSMax'> = { ratioMax: 1.1, trialsMax: 40, ratePerSMin: 1, soaks: true }

/**
 * 'found': the interval is as narrow as wanted and its lower end was soaked, or less where that failed its soak.
 * 'budget-over': time or trials ended before that. 'generator-bound': the stack takes more than the sender could offer in time.
 * 'below-lowest': it does not hold the lowest load. 'not-measurable': trial after trial was invalid, and no load held.
 */
export type AnswerKind = 'found' | 'budget-over' | 'generator-bound' | 'below-lowest' | 'not-measurable'

/** The answer. Rates are events per second. */
export interface SearchAnswer {
  readonly kind: AnswerKind
  /** The ceiling, with 90%; null before any trial counted. */
  readonly interval: RateInterval | null
  /** The highest load that was soaked and passed: the one that is published. null: none did. */
  readonly soakedPerS: number | null
}

/** Answers that name a rate, so that it can be measured what an event costs. */
export const HAVE_COSTS: readonly AnswerKind[] = ['found', 'generator-bound', 'budget-over']

export type SearchStep =
  | { readonly next: Purpose; readonly ratePerS: number }
  | { readonly next: 'nothing'; readonly found: SearchAnswer }

/** Of what the stack got done when it was offered far too much: a load that nearly every stack holds. */
const ANCHOR_SHARE = 0.5
const ANCHORS = 3
/** Where time presses. */
const ANCHORS_MIN = 2
/** The second anchor comes after so many loads of the search. */
const ANCHOR_AFTER = 8
/** One load is tried at most so many times running: a machine that drifts would be taken for one that is sure. */
const SAME_LOAD_MAX = 3
const SAME_LOAD_RATIO = 1.002
/** Loads so near to one that was invalid are invalid too. */
const INVALID_LOAD_RATIO = 1.015
/** So many invalid trials of a load, and none that counts: no sender can offer it here. */
const INVALID_OF_LOAD_MAX = 2
const INVALID_RUNNING_MAX = 6
/** So many more, and what held until then is not soaked either. */
const INVALID_SOAKS_MAX = 2
const BELOW_INVALID = 0.9
const SOAKS_MAX = 4
const SOAKED_RATIO = 1.05
/**
 * After a soak that failed, the next one offers this share of it. Each further failure takes the share once more: 0.93, then 0.86 of
 * the second, then 0.80 of the third. So does being the last one that there is time for. Soaks are few, and a load is to be
 * published that was run and passed.
 */
const AFTER_FAILED_SOAK = 0.93
const LOWEST_FAILURES = 3

/**
 * The search for a ceiling as a pure function: from all trials so far to the next one, or to the answer. No trial begins that would
 * end after the time; where it grows short, what is known so far is soaked. It keeps nothing, so a search that was interrupted goes
 * on from its list of trials.
 */
export function stepAfter(all: readonly Trial[], goal: Goal, time: TimeLeft = NO_HURRY): SearchStep {
  const trials = stillOf(all, goal)
  const saturatePerS = nextSaturation(trials, goal)
  const hasTime = fits(time, time.loadMs)
  if (saturatePerS !== undefined && hasTime) return { next: 'saturation', ratePerS: saturatePerS }
  const counted = countedOf(trials)
  const fresh = countedOf(all.slice(goal.triedBefore))
  const nearPerS = hintOf(trials, goal)
  const belief = beliefOf(counted, nearPerS)
  const found = (kind: AnswerKind): SearchStep => {
    const believed = counted.length === 0 ? null : belief.published()
    const interval = believed && kind === 'generator-bound' ? atLeast(believed, counted) : believed
    return { next: 'nothing', found: { kind, interval, soakedPerS: soaked(counted) } }
  }
  const isStuck = trials.some((_, at) => invalidRunning(trials.slice(0, at + 1)) >= INVALID_RUNNING_MAX)
  const holds = counted.some(({ outcome }) => outcome === 'passed')
  if (isStuck && !holds) return found('not-measurable')
  if (invalidRunning(trials) >= INVALID_RUNNING_MAX + INVALID_SOAKS_MAX) return found('generator-bound')
  if (lowestFailed(counted, goal)) return found('below-lowest')
  const highestPerS = highestOf(trials, goal)
  const within = (ratePerS: number) => rounded(Math.min(highestPerS, Math.max(goal.ratePerSMin, ratePerS)))
  const first = counted.find(({ purpose }) => purpose === 'anchor')
  const anchor: SearchStep = { next: 'anchor', ratePerS: first?.ratePerS ?? within(nearPerS * ANCHOR_SHARE) }
  if (counted.length === 0) return hasTime ? anchor : found('budget-over')

  const interval = belief.interval()
  const isBound = isStuck || interval.low >= highestPerS * BELOW_INVALID
  const isNarrow = interval.high <= interval.low * goal.ratioMax
  const isLastSoak = !fits(time, 2 * time.soakMs)
  const soakPerS = within(Math.min(interval.low, belowFailedSoaks(counted, isLastSoak)))
  // A soak that passes raises the interval's lower end a little: that is no reason for another.
  const isSoaked = !goal.soaks || (soaked(counted) ?? 0) >= soakPerS / SOAKED_RATIO
  const end = isBound ? 'generator-bound' : isNarrow && isSoaked ? 'found' : 'budget-over'
  const of = (purpose: Purpose, some = counted) => some.filter((trial) => trial.purpose === purpose).length
  // Where there is no time for a soak either, a load tells more than another anchor.
  const isShort = !isSoaked && of('soak') === 0 && !fits(time, time.soakMs) && of('search') < ANCHOR_AFTER
  const goesOn = mayGoOn(time, isSoaked) || (isShort && hasTime)
  if (isBound || isNarrow || fresh.length >= goal.trialsMax || !goesOn) {
    if (!isSoaked && of('soak', fresh) < SOAKS_MAX && fits(time, time.soakMs))
      return { next: 'soak', ratePerS: soakPerS }
    const isAnchored = of('anchor') >= (goesOn ? ANCHORS : ANCHORS_MIN)
    return !isAnchored && hasTime ? anchor : found(end)
  }
  if (of('anchor') === 1 && of('search') >= ANCHOR_AFTER) return anchor
  const load = belief.nextLoad((ratePerS) => isWorn(trials, within(ratePerS)))
  return { next: 'search', ratePerS: within(load) }
}

/** Of a search that goes beside another one. */
export interface SideGoal extends Goal {
  /** What the ceiling is thought to be near, events per second. */
  readonly hintPerS: number
}
export type SideStep =
  | { readonly next: 'load'; readonly ratePerS: number }
  /** `isBound`: the ceiling is higher than a sender can offer. */
  | { readonly next: 'nothing'; readonly interval: RateInterval; readonly isBound: boolean }

/**
 * A search that saturates nothing, has no anchor and no soak, because another one had them: for a second ceiling of the same
 * stack, or for the stack as it is under an intervention. `trials`: all that say something of this ceiling; `own` of them were
 * made for it.
 */
export function stepBeside(trials: readonly Trial[], own: number, goal: SideGoal, isOver = false): SideStep {
  const counted = trials.filter(({ outcome }) => outcome !== 'invalid')
  const belief = beliefOf(counted, goal.hintPerS)
  const highestPerS = highestOf(trials, goal)
  const { low, high } = belief.interval()
  const isBound = low >= highestPerS * BELOW_INVALID
  const isEnough = isBound || high <= low * goal.ratioMax || own >= goal.trialsMax
  if (isOver || isEnough || invalidRunning(trials) >= INVALID_RUNNING_MAX) {
    return { next: 'nothing', interval: belief.published(), isBound }
  }
  const within = (ratePerS: number) => rounded(Math.min(highestPerS, Math.max(goal.ratePerSMin, ratePerS)))
  return { next: 'load', ratePerS: within(belief.nextLoad((ratePerS) => isWorn(trials, within(ratePerS)))) }
}

/** A trial that counts tells so much of the ceiling on average, nats. */
const NATS = 0.2
/** Before anything is known a search takes so many loads. */
const LOADS_FIRST = 18

/** About so many trials are left: loads, and soaks. For people who wait; nothing is decided by it. */
export function trialsLeft(all: readonly Trial[], goal: Goal): { readonly loads: number; readonly soaks: number } {
  const step = stepAfter(all, goal)
  if (step.next === 'nothing') return { loads: 0, soaks: 0 }
  if (step.next === 'saturation') return { loads: LOADS_FIRST + ANCHORS + 1, soaks: goal.soaks ? 1 : 0 }
  const of = (purpose: Purpose) =>
    all.filter((trial) => trial.purpose === purpose && trial.outcome !== 'invalid').length
  const counted = countedOf(all)
  const { low, high } = beliefOf(counted, hintOf(all, goal)).interval()
  const tooWide = Math.log(high / low) / Math.log(goal.ratioMax)
  const loads = step.next === 'search' ? Math.max(1, Math.ceil(Math.log(tooWide) / NATS)) : 0
  return {
    loads:
      Math.min(loads, goal.trialsMax - countedOf(all.slice(goal.triedBefore)).length) +
      Math.max(0, ANCHORS - of('anchor')),
    soaks: !goal.soaks || (step.next === 'anchor' && soaked(counted) !== null) ? 0 : 1,
  }
}

/** What trials say of a ceiling. `hintPerS`: what the stack got done when it was saturated. */
export function beliefOf(trials: readonly Trial[], hintPerS: number): Belief {
  const belief = new Belief(hintPerS)
  for (const { ratePerS, outcome } of trials) belief.observe(ratePerS, outcome)
  return belief
}

/** The trials of the search. Of those made before it went on, invalid ones say nothing: the machine may be quiet by now. */
function stillOf(all: readonly Trial[], { triedBefore = 0 }: Goal): readonly Trial[] {
  const isStill = ({ purpose, outcome }: Trial, at: number) =>
    at >= triedBefore || purpose === 'saturation' || outcome !== 'invalid'
  return all.filter((trial, at) => OF_SEARCH.includes(trial.purpose) && isStill(trial, at))
}

function hintOf(trials: readonly Trial[], { ratePerSMin, ratePerSMax }: Goal): number {
  return Math.min(ratePerSMax, Math.max(ratePerSMin, hintPerS(trials)))
}

/** The highest load that passed its soak, and that no later soak of as much has failed. */
function soaked(counted: readonly Trial[]): number | null {
  let highest: number | null = null
  for (const { purpose, ratePerS, outcome } of counted) {
    if (purpose !== 'soak') continue
    if (outcome === 'passed') highest = Math.max(highest ?? 0, ratePerS)
    else if (outcome === 'failed' && highest !== null && ratePerS <= highest) highest = null
  }
  return highest
}

/** Below the lowest load that did not pass its soak; infinite: all passed. `isLast`: no other soak comes after the next. */
function belowFailedSoaks(counted: readonly Trial[], isLast: boolean): number {
  const failed = counted.filter(({ purpose, outcome }) => purpose === 'soak' && outcome !== 'passed')
  return Math.min(...failed.map(({ ratePerS }) => ratePerS)) * AFTER_FAILED_SOAK ** (failed.length + Number(isLast))
}

/** Where the sender could offer no more, the lower end is what is said: no more than what held. */
function atLeast(interval: RateInterval, counted: readonly Trial[]): RateInterval {
  const held = counted.filter(({ outcome }) => outcome === 'passed').map(({ ratePerS }) => ratePerS)
  return held.length === 0 ? interval : { ...interval, low: Math.min(interval.low, Math.max(...held)) }
}

function invalidRunning(trials: readonly Trial[]): number {
  let running = 0
  while (running < trials.length && trials.at(-1 - running)!.outcome === 'invalid') running++
  return running
}

function lowestFailed(counted: readonly Trial[], { ratePerSMin }: Goal): boolean {
  const lowest = counted.filter(({ ratePerS }) => ratePerS <= ratePerSMin * SAME_LOAD_RATIO)
  return lowest.filter(({ outcome }) => outcome === 'failed').length >= LOWEST_FAILURES
}

/** The highest load that is still worth a trial: below those that no sender could offer. */
function highestOf(trials: readonly Trial[], { ratePerSMax }: Goal): number {
  let highest = ratePerSMax
  const loads = trials.filter(({ purpose }) => purpose !== 'saturation')
  for (const { ratePerS } of loads) {
    const same = loads.filter((one) => one.ratePerS === ratePerS)
    const isOffered = loads.some((one) => one.ratePerS >= ratePerS && one.outcome !== 'invalid')
    if (!isOffered && same.length >= INVALID_OF_LOAD_MAX) highest = Math.min(highest, ratePerS * BELOW_INVALID)
  }
  return highest
}

/** It was the last load again and again, or the sender could not offer it in time whenever it was tried. */
function isWorn(trials: readonly Trial[], ratePerS: number): boolean {
  const near = trials.filter((one) => Math.abs(Math.log(one.ratePerS / ratePerS)) < Math.log(INVALID_LOAD_RATIO))
  const isUnfit = near.length >= INVALID_OF_LOAD_MAX && near.every(({ outcome }) => outcome === 'invalid')
  if (isUnfit) return true
  const last = trials.filter(({ outcome }) => outcome !== 'invalid').slice(-SAME_LOAD_MAX)
  const isSame = (one: Trial) => Math.abs(Math.log(one.ratePerS / ratePerS)) < Math.log(SAME_LOAD_RATIO)
  return last.length === SAME_LOAD_MAX && last.every(isSame)
}

/** Four digits are enough for a load, and read better. */
export function rounded(ratePerS: number): number {
  return Number(ratePerS.toPrecision(4))
}
