import { describe, expect, it } from 'vitest'
import { seeded } from '../../../../src/core/contracts/random.ts'
import { measured, queue, type Source, stalls } from './queues.ts'

const RUNS = Number(process.env.RUNS ?? 100)
const COVERED_MIN = 0.9
const SEED = 20_000

/** Of so many runs: those that had the percentile, and the share of them whose interval holds the truth. */
function coverage(source: Source, count: number) {
  const tally = { p50: { printed: 0, covered: 0 }, p99: { printed: 0, covered: 0 } }
  for (let run = 0; run < RUNS; run++) {
    const found = source.run(seeded(SEED + run), count)
    for (const [name, q] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const interval = found[name]
      if (!interval) continue
      tally[name].printed++
      const truth = source.truth(q)
      if (interval.lowMs <= truth && truth <= interval.highMs) tally[name].covered++
    }
  }
  const shares = ({ printed, covered }: typeof tally.p50) => ({
    printed: printed / RUNS,
    covered: printed === 0 ? Number.NaN : covered / printed,
  })
  return { p50: shares(tally.p50), p99: shares(tally.p99) }
}

const mm1 = (load: number) => queue('exponential', load, seeded(1))
const md1 = (load: number) => queue('constant', load, seeded(1))

type Case = [name: string, sourceOf: () => Source, count: number]

function holds(sourceOf: () => Source, count: number): void {
  const { p50, p99 } = coverage(sourceOf(), count)
  expect(p50.covered, 'p50').toBeGreaterThanOrEqual(COVERED_MIN)
  expect(p99.covered, 'p99').toBeGreaterThanOrEqual(COVERED_MIN)
  expect(Math.min(p50.printed, p99.printed), 'share of the runs that have them').toBeGreaterThan(0.5)
}

describe('95% intervals hold the truth in at least 90 of 100 runs', () => {
  it.each<Case>([
    ['M/M/1 at 50%', () => mm1(0.5), 10_000],
    ['M/D/1 at 70%', () => md1(0.7), 10_000],
    ['a stall of 50 ms each second', () => stalls(1_000, 50, seeded(1)), 10_000],
    ['what a real run measured', measured, 10_000],
  ])('%s', (_name, sourceOf, count) => holds(sourceOf, count))

  it.each<Case>([
    ['M/M/1 at 80%', () => mm1(0.8), 20_000],
    ['a stall of 200 ms each two seconds', () => stalls(2_000, 200, seeded(1)), 20_000],
    ['M/M/1 at 30%', () => mm1(0.3), 5_000],
    ['M/M/1 at 50%, for longer', () => mm1(0.5), 20_000],
    ['M/M/1 at 70%', () => mm1(0.7), 20_000],
    ['M/M/1 at 80%, for longer', () => mm1(0.8), 60_000],
    ['M/M/1 at 90%', () => mm1(0.9), 100_000],
    ['M/D/1 at 50%', () => md1(0.5), 5_000],
    ['M/D/1 at 80%', () => md1(0.8), 20_000],
    ['M/D/1 at 90%', () => md1(0.9), 60_000],
    ['a stall of 500 ms each five seconds', () => stalls(5_000, 500, seeded(1)), 60_000],
    ['a stall of a second each ten', () => stalls(10_000, 1_000, seeded(1)), 120_000],
    ['what a real run measured, for longer', measured, 30_000],
  ])('%s', { tags: 'full' }, (_name, sourceOf, count) => holds(sourceOf, count))

  // Those that print one are those that look quiet by chance: of all runs hardly any may be wrong.
  const short = 'at most 3 of 100 runs that are a little too short have a wrong p99: %s'
  const hardlyWrong = (_name: string, sourceOf: () => Source, count: number) => {
    const { printed, covered } = coverage(sourceOf(), count).p99
    expect(printed === 0 ? 0 : printed * (1 - covered)).toBeLessThanOrEqual(0.03)
  }
  it.each<Case>([
    ['M/M/1 at 70%', () => mm1(0.7), 5_000],
    ['M/D/1 at 70%', () => md1(0.7), 2_500],
  ])(short, hardlyWrong)

  it.each<Case>([
    ['M/M/1 at 80%', () => mm1(0.8), 10_000],
    ['M/D/1 at 50%', () => md1(0.5), 1_000],
    ['M/D/1 at 80%', () => md1(0.8), 5_000],
    ['M/D/1 at 80%, for longer', () => md1(0.8), 10_000],
    ['M/D/1 at 90%', () => md1(0.9), 20_000],
    ['a stall of 200 ms each two seconds', () => stalls(2_000, 200, seeded(1)), 10_000],
  ])(short, { tags: 'full' }, hardlyWrong)

  it.each<Case>([
    ['M/M/1 at 80%', () => mm1(0.8), 2_000],
    ['M/M/1 at 95%', () => mm1(0.95), 20_000],
  ])('no p99 is said of a run that is too short: %s', (_name, sourceOf, count) => {
    expect(coverage(sourceOf(), count).p99.printed).toBeLessThan(0.05)
  })
})
