import { describe, expect, it } from 'vitest'
import { COMMON_CHECK_WORDS, sayCheck } from '../../../../src/runner/render/words/checks.ts'
import { asQuick, p99AtMost } from '../../../../src/runner/report/latency/judge.ts'
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

describe('as quick as in the calm', () => {
  const calm = { count: 9, p50: around(1), p90: around(10), p99: around(100), maxMs: 200 }
  const { p99: _, ...without } = calm
  const limit = (calmMs: number) => Math.max(2 * calmMs, 30)
  const verdict = (under: Percentiles) => {
    const { ok, values } = asQuick(calm, under, limit)
    return [ok, values.percentile]
  }

  it('goes by p99, else p90, else p50', () => {
    expect(verdict({ ...calm, p99: around(20) })).toEqual([true, { value: 0.99, unit: 'share' }])
    expect(verdict({ ...without, p90: around(100) })).toEqual([false, { value: 0.9, unit: 'share' }])
    expect(verdict({ ...without, p90: around(20) })).toEqual([null, { value: 0.9, unit: 'share' }])
    expect(verdict({ count: 9, p50: around(2), maxMs: 9 })).toEqual([true, { value: 0.5, unit: 'share' }])
  })

  it('without any goes by the slowest, against what is allowed beside no time at all', () => {
    expect(verdict({ count: 9, maxMs: 30 })).toEqual([true, undefined])
    expect(verdict({ count: 9, maxMs: 31 })).toEqual([null, undefined])
    expect(verdict({ count: 0 })).toEqual([null, undefined])
  })
})
