import { describe, expect, it } from 'vitest'
import { COMMON_CHECK_WORDS, sayCheck } from '../../../../src/runner/render/words/checks.ts'
import { highestOfBoth, p99AtMost } from '../../../../src/runner/report/latency/judge.ts'
import type { Percentiles } from '../../../../src/runner/report/latency/percentiles.ts'

const MARK_MS = 500
const around = (ms: number) => ({ ms, lowMs: ms / 2, highMs: 2 * ms })
const few = { count: 900, slowEpisodes: 3, p99TimesLonger: 4 }
const judged = (of: Percentiles) => p99AtMost('accept-p99', { durationMs: 10_000, ...of }, MARK_MS)

describe('a p99 against its mark', () => {
  it.each<[string, Percentiles, boolean | null]>([
    ['the whole interval is below', { count: 9_000, p99: around(200) }, true],
    ['the whole interval is above', { count: 9_000, p99: around(1_200) }, false],
    ['the mark lies inside', { count: 9_000, p99: around(400) }, null],
    ['no p99, and everything was far below', { ...few, maxMs: 240 }, true],
    ['no p99, and the slowest was near the mark', { ...few, maxMs: 260 }, null],
    ['no p99, and the slowest was above', { ...few, maxMs: 9_000, p50: around(20) }, null],
    ['no p99, and the p90 is above for certain', { ...few, maxMs: 9_000, p90: around(1_200) }, false],
    ['no p99, and the median is above for certain', { ...few, maxMs: 9_000, p50: around(1_200) }, false],
    ['nothing came through', { count: 0 }, false],
  ])('%s', (_what, of, ok) => {
    expect(judged(of).ok).toBe(ok)
  })

  it.each<[Percentiles, string]>([
    [{ count: 9_000, p99: around(200) }, '200 ms (100 ms … 400 ms)'],
    [
      { count: 9_000, p99: around(400) },
      '400 ms (200 ms … 800 ms); the mark lies in the interval: run longer, or several times',
    ],
    [
      { ...few, maxMs: 260 },
      'slowest 260 ms; the slowest 1% came in 3 episodes, too few for a p99, which takes a run of some 40.0 s',
    ],
    [{ count: 0 }, 'nothing was accepted'],
  ])('says what it was judged by', (of, measured) => {
    expect(COMMON_CHECK_WORDS['accept-p99'].title).toContain('accepted first attempts')
    expect(sayCheck(judged(of)).measured).toBe(measured)
  })
})

describe('the highest percentile of both', () => {
  it('is p99, else p90, else p50, else none', () => {
    const all = { count: 9, p50: around(1), p90: around(2), p99: around(3) }
    const { p99: _, ...without } = all
    expect(highestOfBoth(all, all)?.share).toBe(0.99)
    expect(highestOfBoth(all, without)?.share).toBe(0.9)
    expect(highestOfBoth(all, { count: 9, p50: around(1) })?.share).toBe(0.5)
    expect(highestOfBoth(all, { count: 9 })).toBeUndefined()
  })
})
