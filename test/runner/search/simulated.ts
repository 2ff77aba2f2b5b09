import { seeded } from '../../../src/core/contracts/random.ts'
import { GOAL, type SearchAnswer, stepAfter } from '../../../src/runner/search/search.ts'
import type { Trial, TrialOutcome } from '../../../src/runner/search/trial.ts'

/** A stack that exists as numbers: a load passes by a logistic law around its ceiling, and sometimes fails for no reason. */
export interface SimulatedStack {
  readonly ceilingPerS: number
  readonly width: number
  readonly spurious: number
  /** What it gets done when it is offered far too much. Default: near its ceiling, not on it. */
  readonly saturatedPerS?: number
}

export function trialsOf({ ceilingPerS, width, spurious, saturatedPerS }: SimulatedStack, seed: number) {
  const random = seeded(seed)
  return {
    tries: (ratePerS: number): TrialOutcome =>
      random() < (1 - spurious) / (1 + Math.exp(Math.log(ratePerS / ceilingPerS) / width)) ? 'passed' : 'failed',
    saturatedPerS: saturatedPerS ?? ceilingPerS * Math.exp(0.2 * (random() * 2 - 1)),
  }
}

export function search(
  stack: SimulatedStack,
  seed: number,
  ratePerSMax = 200_000,
): { found: SearchAnswer; trials: Trial[] } {
  const { tries, saturatedPerS } = trialsOf(stack, seed)
  const trials: Trial[] = []
  for (;;) {
    const step = stepAfter(trials, { ...GOAL, ratePerSMax })
    if (step.next === 'nothing') return { found: step.found, trials }
    const { next: purpose, ratePerS } = step
    if (purpose === 'saturation')
      trials.push({ purpose, ratePerS, outcome: 'failed', donePerS: Math.min(ratePerS, saturatedPerS) })
    else trials.push({ purpose, ratePerS, outcome: tries(ratePerS), donePerS: ratePerS })
  }
}

/** Doubling and bisection with one trial a load, to 3%: what most tools do. */
export function bisect(stack: SimulatedStack, seed: number): { ceilingPerS: number; trials: number } {
  const { tries } = trialsOf(stack, seed)
  let low = 1_000
  let count = 0
  const passes = (ratePerS: number) => {
    count++
    return tries(ratePerS) === 'passed'
  }
  while (passes(low * 2) && low < 1e6) low *= 2
  let high = low * 2
  while (high / low > 1.03) {
    const middle = Math.sqrt(low * high)
    if (passes(middle)) low = middle
    else high = middle
  }
  return { ceilingPerS: Math.sqrt(low * high), trials: count }
}

/** The same with the majority of five trials a load, as MLRsearch decides. */
export function majority(stack: SimulatedStack, seed: number): { ceilingPerS: number; trials: number } {
  const { tries, saturatedPerS } = trialsOf(stack, seed)
  let count = 0
  const passes = (ratePerS: number) => {
    let passed = 0
    let failed = 0
    while (passed < 3 && failed < 3) {
      count++
      if (tries(ratePerS) === 'passed') passed++
      else failed++
    }
    return passed === 3
  }
  let low = saturatedPerS
  while (!passes(low)) low /= 1.15
  let high = low * 1.15
  while (passes(high)) [low, high] = [high, high * 1.15]
  while (high / low > 1.03) {
    const middle = Math.sqrt(low * high)
    if (passes(middle)) low = middle
    else high = middle
  }
  return { ceilingPerS: Math.sqrt(low * high), trials: count }
}
