import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { acceptHintPerS, answerOf, trialsFor } from '../../../src/runner/search/answer.ts'
import { bindingStep } from '../../../src/runner/search/binding/what-binds.ts'
import { CEILING_VERSION, type Ceiling, type TrialRecord } from '../../../src/runner/search/ceiling-schema.ts'
import { COST_SHARES } from '../../../src/runner/search/cost.ts'
import { GOAL, stepAfter, stepBeside } from '../../../src/runner/search/search.ts'
import { type NumberedService, SOUND, trialsOn } from './binding/numbered-service.ts'

/** What `npm run ceiling -- --binds` finds of a service that exists as numbers. */
export function madeUpCeiling(service: NumberedService = SOUND, seed = 3): Ceiling {
  const tried = trialsOn(service, seed)
  const trials: TrialRecord[] = []
  const goal = { ...GOAL, ratePerSMax: 100_000 }
  const found = (() => {
    for (;;) {
      const step = stepAfter(trials, goal)
      if (step.next === 'nothing') return step.found
      trials.push(tried(step.next, step.ratePerS))
    }
  })()
  for (let own = 0; ; own++) {
    const side = { ...goal, trialsMax: 6, hintPerS: acceptHintPerS(trials) }
    const step = stepBeside(trialsFor(trials, { aim: 'accept' }), own, side)
    if (step.next === 'nothing') break
    trials.push(tried('accept', step.ratePerS))
  }
  const ceilingPerS = found.interval!.mid
  for (const share of COST_SHARES) trials.push(tried('cost', ceilingPerS * share))
  let binding: Ceiling['binding'] = null
  for (;;) {
    const step = bindingStep(trials, { ceilingPerS, goal, verifiesApart: service.verifyingMs > 0 })
    if (step.next === undefined) {
      binding = step.binding
      break
    }
    trials.push(tried(step.next.purpose, step.next.ratePerS, step.next.intervention))
  }
  return {
    version: CEILING_VERSION,
    settings: settingsOf('steady', {}).settings,
    ...{ acceptP99Ms: 250, trialMs: 6_000, startedAt: '2026-01-01T00:00:00.000Z', tookMs: 600_000, interrupted: false },
    asked: ['accepted', 'costs', 'binding'],
    found,
    ...answerOf(trials, found),
    binding,
    environment: { node: 'v26.0.0', platform: 'Linux', cpu: 'numbers', cores: 2, memoryBytes: 2 ** 33 },
    trials,
  }
}
