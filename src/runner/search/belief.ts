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
/** A grid point of so little weight tells nothing. */
const NEGLIGIBLE = 1e-7

export interface RateInterval {
  readonly low: number
  readonly mid: number
  readonly high: number
}

/** The belief about one ceiling. */
export class Belief {
  /** ln(rate) of grid point 0. */
  readonly #from: number
  readonly #points: number
  /** Log weights: of point p and kind k at p · KINDS + k. */
  readonly #log: Float64Array
  readonly #passes = new Float64Array(KINDS)

  /** `hintPerS`: what the stack got done when it was offered far too much. */
  constructor(hintPerS: number) {
    const middle = Math.log(hintPerS)
    this.#from = middle - Math.log(BELOW)
    this.#points = Math.round((Math.log(BELOW) + Math.log(ABOVE)) / STEP) + 1
    this.#log = new Float64Array(this.#points * KINDS)
    for (let point = 0; point < this.#points; point++) {
      const off = (this.#from + point * STEP - middle) / HINT_SD
      const ceiling = Math.exp(-0.5 * off * off) + FLOOR
      for (let kind = 0; kind < KINDS; kind++) {
        this.#log[point * KINDS + kind] = Math.log(ceiling * widthOf(kind)[1] * spuriousOf(kind)[1])
      }
    }
  }

  /** Takes in a trial. An undecided one counts as half a pass and half a failure; an invalid one not at all. */
  observe(ratePerS: number, outcome: TrialOutcome): void {
    if (outcome === 'invalid') return
    const x = Math.log(ratePerS)
    for (let point = 0; point < this.#points; point++) {
      for (const [kind, passes] of this.#passesAt(point, x).entries()) {
        const at = point * KINDS + kind
        if (outcome === 'passed') this.#log[at]! += Math.log(passes)
        else if (outcome === 'failed') this.#log[at]! += Math.log(1 - passes)
        else this.#log[at]! += 0.5 * Math.log(passes * (1 - passes))
      }
    }
  }

  /** The ceiling, events per second: what the search goes by. */
  interval(): RateInterval {
    return this.#interval(SEARCH_MASS)
  }

  /** The ceiling, events per second: an interval that holds it with 90%. */
  published(): RateInterval {
    return this.#interval(PUBLISHED_MASS)
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

  /** Of the quantiles from 5 to 95% the load whose outcome tells most of the ceiling; none that `isBarred`. */
  nextLoad(isBarred: (ratePerS: number) => boolean): number {
    const joint = this.#joint()
    const weights = this.#weights(joint)
    let best = this.#quantile(weights, 0.5)
    let most = Number.NEGATIVE_INFINITY
    for (let share = 0.05; share < 0.96; share += 0.05) {
      const load = this.#quantile(weights, share)
      const told = isBarred(load) ? Number.NEGATIVE_INFINITY : this.#information(joint, weights, Math.log(load))
      if (told > most) [most, best] = [told, load]
    }
    return best
  }

  /** Mutual information of the outcome at x and the ceiling, nats. */
  #information(joint: Float64Array, weights: Float64Array, x: number): number {
    let passes = 0
    let within = 0
    for (let point = 0; point < this.#points; point++) {
      const weight = weights[point]!
      if (weight < NEGLIGIBLE) continue
      let here = 0
      for (const [kind, chance] of this.#passesAt(point, x).entries()) here += joint[point * KINDS + kind]! * chance
      passes += here
      within += weight * entropy(here / weight)
    }
    return entropy(passes) - within
  }

  /** With the ceiling at a grid point: how likely the load x passes, for each kind. The same array each time. */
  #passesAt(point: number, x: number): Float64Array {
    const above = x - (this.#from + point * STEP)
    for (const [at, [width]] of WIDTHS.entries()) {
      const passes = 1 / (1 + Math.exp(above / width))
      for (const [row, [spurious]] of SPURIOUS.entries()) {
        // Nothing is impossible: a pass far above the ceiling is a mistake of the model, not the end of it.
        this.#passes[row * WIDTHS.length + at] = Math.min(0.999, Math.max(0.001, (1 - spurious) * passes))
      }
    }
    return this.#passes
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
    const weights = new Float64Array(this.#points)
    for (let at = 0; at < joint.length; at++) weights[Math.floor(at / KINDS)]! += joint[at]!
    return weights
  }

  #quantile(weights: Float64Array, share: number): number {
    let sum = 0
    let point = 0
    while (point < this.#points - 1 && sum + weights[point]! < share) sum += weights[point++]!
    return Math.exp(this.#from + point * STEP)
  }
}

function entropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -p * Math.log(p) - (1 - p) * Math.log(1 - p)
}

const widthOf = (kind: number) => WIDTHS[kind % WIDTHS.length]!
const spuriousOf = (kind: number) => SPURIOUS[Math.floor(kind / WIDTHS.length)]!
