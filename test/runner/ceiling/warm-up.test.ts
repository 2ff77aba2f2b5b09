import { expect, it } from 'vitest'
import { warmUpOf } from '../../../src/runner/ceiling/run-trial.ts'
import type { Purpose } from '../../../src/runner/search/trial.ts'

const eventsBefore = (purpose: Purpose, ratePerS: number, durationMs: number) => {
  const { durationMs: ms, ratePerSMax } = warmUpOf({ purpose, ratePerS, durationMs })
  return (ms / 1_000) * ratePerSMax
}

it('warms a trial up by up to 20,000 events, at no more than half its load', () => {
  expect(eventsBefore('search', 9_000, 6_000)).toBe(20_000)
  expect(eventsBefore('soak', 500, 30_000)).toBe(1_250)
  expect(warmUpOf({ purpose: 'search', ratePerS: 400, durationMs: 2_000 })).toEqual({
    durationMs: 2_000,
    ratePerSMax: 200,
  })
})

it('leaves next to no backlog before a saturation, of which a slow stack would say that it does nothing', () => {
  for (const ratePerS of [2_000, 8_000, 32_000]) expect(eventsBefore('saturation', ratePerS, 3_000)).toBe(250)
})
