import { describe, expect, it } from 'vitest'
import { exponential, seeded } from '../../../../src/core/contracts/random.ts'
import { betaBelow, betaQuantile, studentQuantile } from '../../../../src/runner/report/latency/distributions.ts'
import { shareAtMost } from '../../../../src/runner/report/latency/interval.ts'
import { Latencies } from '../../../../src/runner/report/latency/latencies.ts'
import type { Percentiles } from '../../../../src/runner/report/latency/percentiles.ts'
import { acrossRuns } from '../../../../src/runner/report/latency/runs.ts'

function percentilesOf(count: number, tookMs: (at: number) => number, gapMs = 1): Percentiles {
  const latencies = new Latencies()
  for (let at = 0; at < count; at++) latencies.record(at * gapMs, tookMs(at))
  return latencies.percentiles()
}

describe('quantiles of distributions', () => {
  it.each([
    [studentQuantile(0.975, 9), 2.262157],
    [studentQuantile(0.975, 100), 1.983972],
    [betaQuantile(0.025, 1, 99), 0.000256],
    [betaQuantile(0.975, 4, 97), 0.085181],
    [betaBelow(0.5, 2, 2), 0.5],
    [betaBelow(0.01, 1.5, 148.5), 0.606825],
  ])('%f is %f, as tables have it', (is, wanted) => {
    expect(is).toBeCloseTo(wanted, 4)
  })
})

describe('percentiles', () => {
  it('of nothing are nothing', () => {
    expect(new Latencies().percentiles()).toEqual({ count: 0 })
  })

  it('have no interval of no width, whatever was measured', () => {
    for (const value of [0, 0.004, 3, 7_148, 900_000]) {
      const { p50, p99, p999 } = percentilesOf(20_000, () => value)
      for (const one of [p50, p99, p999]) {
        expect(one!.highMs).toBeGreaterThan(one!.lowMs)
        expect([one!.lowMs <= one!.ms, one!.highMs >= one!.ms]).toEqual([true, true])
      }
    }
  })

  it('are those of independent samples, or wider', () => {
    const random = seeded(1)
    const { p99, slowEpisodes } = percentilesOf(20_000, () => exponential(random))
    expect(p99!.lowMs).toBeLessThan(4.45)
    expect(p99!.highMs).toBeGreaterThan(4.77)
    expect(slowEpisodes).toBeGreaterThan(90)
  })

  it('are left out where the slowest 1% came in one episode, with how long a run would take', () => {
    const random = seeded(2)
    const found = percentilesOf(20_000, (at) => exponential(random) + (at > 9_000 && at < 9_300 ? 500 : 0))
    expect(found.slowEpisodes).toBe(1)
    expect(found).not.toHaveProperty('p99')
    expect(found.p99TimesLonger).toBeGreaterThanOrEqual(1.5)
    expect(found.p50).toBeDefined()
  })

  it('have no p99 where the slowest 1% came in four episodes, be they as many requests as they may', () => {
    const random = seeded(6)
    const stalls = (every: number) => (at: number) => exponential(random) + (at % every < 100 ? 500 : 0)
    expect(percentilesOf(40_000, stalls(10_000))).toMatchObject({ slowEpisodes: 4, p99TimesLonger: expect.any(Number) })
    expect(percentilesOf(40_000, stalls(10_000))).not.toHaveProperty('p99')
    expect(percentilesOf(100_000, stalls(10_000))).toHaveProperty('p99')
  })

  it('have a p99 where all take as long but for a wobble, and something is slow now and then', () => {
    const random = seeded(7)
    // The wobble keeps its sign for half of the run: all that are above the median are one episode.
    const wobble = (at: number) => 0.1 * Math.sin((2 * Math.PI * at) / 20_000)
    const found = percentilesOf(20_000, (at) => 50 + wobble(at) + (random() < 0.02 ? 5 : 0))
    expect(found.p99?.ms).toBeCloseTo(55, 0)
    const doubled = percentilesOf(20_000, (at) => 50 + 20 * wobble(at) + (random() < 0.02 ? 5 : 0))
    expect(doubled).not.toHaveProperty('p99')
  })

  it('take a slow rise over the whole run for no chance', () => {
    const random = seeded(3)
    const noise = percentilesOf(20_000, () => exponential(random))
    const rising = percentilesOf(20_000, (at) => exponential(random) + at / 20_000)
    const width = ({ p50 }: Percentiles) => p50!.highMs - p50!.lowMs
    expect(width(rising)).toBeLessThan(4 * width(noise))
  })

  it('do not depend on the order in which samples are recorded', () => {
    const random = seeded(4)
    const all = Array.from({ length: 5_000 }, (_, at) => [at, exponential(random) * (at % 500 < 100 ? 5 : 1)] as const)
    const [forward, backward] = [all, all.toReversed()].map((samples) => {
      const latencies = new Latencies()
      for (const [at, tookMs] of samples) latencies.record(at, tookMs)
      return latencies.percentiles()
    })
    expect({ ...backward, meanMs: 0 }).toEqual({ ...forward, meanMs: 0 })
  })

  it('of few samples are not there', () => {
    expect(Object.keys(percentilesOf(20, (at) => at))).toEqual(
      expect.not.arrayContaining(['p50', 'p90', 'p99', 'p999']),
    )
  })
})

describe('what took longer than a limit', () => {
  const took = (slowAt: (at: number) => boolean) => {
    const latencies = new Latencies()
    for (let at = 0; at < 10_000; at++) latencies.record(at, slowAt(at) ? 300 : 5)
    return latencies.above(200)
  }

  it('is told by its share and by the stretches of time in which it came', () => {
    expect(new Latencies().above(200)).toEqual({ count: 0, share: 0, episodes: 0 })
    expect(took(() => false)).toEqual({ count: 10_000, share: 0, episodes: 0 })
    expect(took((at) => at % 1_000 < 5)).toEqual({ count: 10_000, share: 0.005, episodes: 10 })
  })

  it('may come to more: many short stretches say more of it than one long', () => {
    expect(shareAtMost(took(() => false))).toBeLessThan(0.001)
    const many = shareAtMost(took((at) => at % 200 === 0))
    const one = shareAtMost(took((at) => at >= 1_000 && at < 1_050))
    expect(many).toBeGreaterThan(0.005)
    expect(many).toBeLessThan(0.008)
    expect(one).toBeGreaterThan(0.02)
  })
})

describe('repeated runs', () => {
  it('are the unit: the interval comes from how they differ', () => {
    const { runs, value, low, high } = acrossRuns([10, 12, 11, 13, 9])!
    expect(runs).toBe(5)
    expect(value).toBeCloseTo(10.91, 2)
    expect(low).toBeCloseTo(9.11, 1)
    expect(high).toBeCloseTo(13.06, 1)
  })

  it('say nothing below three', () => {
    expect(acrossRuns([10, 11])).toBeUndefined()
  })

  it('hold the truth in about 95 of 100 sets of five', () => {
    const random = seeded(5)
    let covered = 0
    for (let set = 0; set < 400; set++) {
      const figures = Array.from({ length: 5 }, () => Math.exp(random() + random() + random()))
      const { low, high } = acrossRuns(figures)!
      if (low <= Math.exp(1.5) && Math.exp(1.5) <= high) covered++
    }
    expect(covered / 400).toBeGreaterThan(0.92)
  })
})

it('a time that is less than 0 stays so', () => {
  const latencies = new Latencies()
  for (let at = 0; at < 4_000; at++) latencies.record(at, at % 10 === 0 ? 3 : -0.5)
  const { p50, p99, meanMs } = latencies.percentiles()
  expect([p50!.ms, p99!.ms]).toEqual([-0.5, 3])
  expect(p50!.lowMs).toBe(-0.5)
  expect(meanMs).toBeCloseTo(-0.15, 3)
})
