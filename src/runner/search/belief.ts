import type { TrialOutcome } from './trial.ts'

/*
 * What trials say of a ceiling. A load of ln(rate) x passes with probability (1 - spurious) / (1 + e^((x - ceiling) / width)): the
 * nearer to the ceiling the more by chance, and with a small probability it fails for no reason of the stack's. None of the three is
 * known; the belief is a weight for each combination of them on a grid. The prior spans everything: one that is cut to the first
 * bracket is spoiled by a single spurious failure.
 */
const STEP = 0.005
/** The grid goes from the hint by so many times less to so many times more. */
const BELOW = 32
const ABOVE = 4
/** Each with the weight that it has before any trial. */
const WIDTHS = [
  [0.01, 0.25],
  [0.02, 0.3],
  [0.04, 0.25],
  [0.08, 0.15],
  [0.15, 0.05],
] as const
const SPURIOUS = [
  [0.01, 0.5],
  [0.05, 0.4],
  [0.12, 0.1],
] as const
/** The hint says ln(ceiling) to within so much, one standard deviation; and the floor lets it be anything. */
const HINT_SD = 0.35
const FLOOR = 0.02
/** The search goes by an interval of 90% of the belief. Simulated at high noise that one held the truth 75-83% of the time. */
const SEARCH_MASS = 0.9
/** What is published as 90% is therefore wider. */
const PUBLISHED_MASS = 0.97
const KINDS = WIDTHS.length * SPURIOUS.length
const POINTS = Math.round((Math.log(BELOW) + Math.log(ABOVE)) / STEP) + 1
/** A load on the grid is so many points below or above a ceiling. */
const APART = 2 * POINTS + 1
/** A grid point of so little weight tells nothing. */
const NEGLIGIBLE = 1e-7
/** A grid point of so little weight, beside the heaviest one, cannot be seen. */
const SHOWN = 0.002

export interface RateInterval {
  readonly low: number
  readonly mid: number
  readonly high: number
}

/** The belief about one ceiling. */
export class Belief {
  /** ln(rate) of grid point 0. */
  readonly #from: number
  /** Log weights: of point p and kind k at p · KINDS + k. */
  readonly #log: Float64Array
  /** ln of the sum of all weights before any trial. */
  readonly #logPrior: number

  /** `hintPerS`: what the stack got done when it was offered far too much. */
  constructor(hintPerS: number) {
    const middle = Math.log(hintPerS)
    this.#from = middle - Math.log(BELOW)
    this.#log = new Float64Array(POINTS * KINDS)
    let prior = 0
    for (let point = 0; point < POINTS; point++) {
      const off = (this.#from + point * STEP - middle) / HINT_SD
      const ceiling = Math.exp(-0.5 * off * off) + FLOOR
      for (let kind = 0; kind < KINDS; kind++) {
        const weight = ceiling * widthOf(kind)[1] * spuriousOf(kind)[1]
        this.#log[point * KINDS + kind] = Math.log(weight)
        prior += weight
      }
    }
    this.#logPrior = Math.log(prior)
  }

  /** Takes in a trial. An undecided one counts as half a pass and half a failure; an invalid one not at all. */
  observe(ratePerS: number, outcome: TrialOutcome): void {
    if (outcome === 'invalid') return
    const { ifPassed, ifFailed } = CHANCES
    const first = this.#row(ratePerS)
    for (let point = 0; point < POINTS; point++) {
      for (let kind = 0; kind < KINDS; kind++) {
        const [at, of] = [point * KINDS + kind, (first - point) * KINDS + kind]
        if (outcome === 'passed') this.#log[at]! += ifPassed[of]!
        else if (outcome === 'failed') this.#log[at]! += ifFailed[of]!
        else this.#log[at]! += 0.5 * (ifPassed[of]! + ifFailed[of]!)
      }
    }
  }

  /** The row of CHANCES for this load beside the lowest ceiling of the grid. The load is taken as the nearest grid point. */
  #row(ratePerS: number): number {
    const above = Math.round((Math.log(ratePerS) - this.#from) / STEP)
    return POINTS + Math.min(POINTS, Math.max(0, above))
  }

  /** How likely the trials so far are by all that was believed before them, ln. */
  logEvidence(): number {
    const most = this.#log.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
    return most + Math.log(this.#log.reduce((sum, log) => sum + Math.exp(log - most), 0)) - this.#logPrior
  }

  /** The weight of each ceiling, from the lowest to the highest that is not negligible; the heaviest has 1. */
  curve(): { readonly ratePerS: number; readonly weight: number }[] {
    const weights = this.#weights()
    const most = weights.reduce((a, b) => Math.max(a, b), 0)
    return [...weights.entries()]
      .map(([point, weight]) => ({ ratePerS: Math.exp(this.#from + point * STEP), weight: weight / most }))
      .filter(({ weight }) => weight > SHOWN)
  }

  /** The ceiling, events per second: what the search goes by. */
  interval(): RateInterval {
    return this.#interval(SEARCH_MASS)
  }

  /** The ceiling, events per second: an interval that holds it with 90%. */
  published(): RateInterval {
    return this.#interval(PUBLISHED_MASS)
  }

  /** How many times as high this ceiling is as the other: an interval of so much of the two beliefs, which know nothing of each other. */
  ratioTo(other: Belief, mass: number): RateInterval {
    const [own, others] = [this.#weights(), other.#weights()]
    const apart = new Float64Array(2 * POINTS - 1)
    for (let a = 0; a < POINTS; a++) {
      if (own[a]! < NEGLIGIBLE) continue
      for (let b = 0; b < POINTS; b++) apart[a - b + POINTS - 1]! += own[a]! * others[b]!
    }
    const [from, tail] = [this.#from - other.#from - (POINTS - 1) * STEP, (1 - mass) / 2]
    const at = (share: number) => {
      let sum = 0
      let point = 0
      while (point < apart.length - 1 && sum + apart[point]! < share) sum += apart[point++]!
      return Math.exp(from + point * STEP)
    }
    return { low: at(tail), mid: at(0.5), high: at(1 - tail) }
  }

  #interval(mass: number): RateInterval {
    const weights = this.#weights()
    const tail = (1 - mass) / 2
    return {
      low: this.#quantile(weights, tail),
      mid: this.#quantile(weights, 0.5),
      high: this.#quantile(weights, 1 - tail),
    }
  }

  /** The load whose outcome tells most of the ceiling, among the quantiles from 5 to 95%; none that `isBarred`. */
  nextLoad(isBarred: (ratePerS: number) => boolean): number {
    const joint = this.#joint()
    const weights = this.#weights(joint)
    let best = this.#quantile(weights, 0.5)
    let most = Number.NEGATIVE_INFINITY
    for (let share = 0.05; share < 0.96; share += 0.05) {
      const load = this.#quantile(weights, share)
      const told = isBarred(load) ? Number.NEGATIVE_INFINITY : this.#information(joint, weights, load)
      if (told > most) [most, best] = [told, load]
    }
    return best
  }

  /** Mutual information of a load's outcome and the ceiling, nats. */
  #information(joint: Float64Array, weights: Float64Array, ratePerS: number): number {
    const first = this.#row(ratePerS)
    let passes = 0
    let within = 0
    for (let point = 0; point < POINTS; point++) {
      const weight = weights[point]!
      if (weight < NEGLIGIBLE) continue
      let here = 0
      for (let kind = 0; kind < KINDS; kind++) {
        here += joint[point * KINDS + kind]! * CHANCES.passes[(first - point) * KINDS + kind]!
      }
      passes += here
      within += weight * entropy(here / weight)
    }
    return entropy(passes) - within
  }

  /** The weights of all combinations; they sum to 1. */
  #joint(): Float64Array {
    const joint = new Float64Array(this.#log.length)
    let most = Number.NEGATIVE_INFINITY
    for (const log of this.#log) most = Math.max(most, log)
    let sum = 0
    for (let at = 0; at < joint.length; at++) {
      joint[at] = Math.exp(this.#log[at]! - most)
      sum += joint[at]!
    }
    for (let at = 0; at < joint.length; at++) joint[at]! /= sum
    return joint
  }

  /** The weights of the ceilings alone. */
  #weights(joint = this.#joint()): Float64Array {
    const weights = new Float64Array(POINTS)
    for (let at = 0; at < joint.length; at++) weights[Math.floor(at / KINDS)]! += joint[at]!
    return weights
  }

  #quantile(weights: Float64Array, share: number): number {
    let sum = 0
    let point = 0
    while (point < POINTS - 1 && sum + weights[point]! < share) sum += weights[point++]!
    return Math.exp(this.#from + point * STEP)
  }
}

function entropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -p * Math.log(p) - (1 - p) * Math.log(1 - p)
}

const widthOf = (kind: number) => WIDTHS[kind % WIDTHS.length]!
const spuriousOf = (kind: number) => SPURIOUS[Math.floor(kind / WIDTHS.length)]!

/** How likely a load passes, and ln of that and of its contrary: of the kind k, row − POINTS points above the ceiling, at row · KINDS + k. */
const CHANCES = chances()
function chances() {
  const passes = new Float64Array(APART * KINDS)
  for (let at = 0; at < passes.length; at++) {
    const above = (Math.floor(at / KINDS) - POINTS) * STEP
    const kind = at % KINDS
    const holds = (1 - spuriousOf(kind)[0]) / (1 + Math.exp(above / widthOf(kind)[0]))
    // Nothing is impossible: a pass far above the ceiling is a mistake of the model, not the end of it.
    passes[at] = Math.min(0.999, Math.max(0.001, holds))
  }
  return { passes, ifPassed: passes.map(Math.log), ifFailed: passes.map((one) => Math.log(1 - one)) }
}
