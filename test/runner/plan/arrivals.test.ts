import { describe, expect, it } from 'vitest'
import { type Arrival, arrivals, countArrivals } from '../../../src/runner/plan/arrivals.ts'

const load = (seed: number, shape = (_: number) => 1) => ({
  scenario: { shape, mix: [{ provider: 'generic', share: 1 }], keys: { count: 10, zipf: 1 } },
  durationMs: 20_000,
  ratePerS: 500,
  seed,
})
const list = (of: ReturnType<typeof load>): Arrival[] => Array.from(arrivals(of), (one) => ({ ...one }))

describe('arrivals', () => {
  it('are a Poisson stream at the asked rate: as many as expected, with gaps as spread as their mean', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const all = list(load(seed))
      expect(Math.abs(all.length - 10_000)).toBeLessThan(5 * Math.sqrt(10_000))
      const gaps = all.slice(1).map((one, at) => one.intendedMs - all[at]!.intendedMs)
      const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
      const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
      expect(deviation / mean).toBeGreaterThan(0.95)
      expect(deviation / mean).toBeLessThan(1.05)
      expect(all.every((one, at) => one.seq === at)).toBe(true)
    }
  })

  it('follow the shape, and are the same for the same seed', () => {
    const step = (at: number) => (at < 0.5 ? 0 : 2)
    const all = list(load(3, step))
    expect(all[0]!.intendedMs).toBeGreaterThanOrEqual(10_000)
    expect(Math.abs(all.length - 10_000)).toBeLessThan(500)
    expect(list(load(3, step))).toEqual(all)
    expect(countArrivals(load(3, step), 15_000)).toBe(all.filter((one) => one.intendedMs < 15_000).length)
  })
})
