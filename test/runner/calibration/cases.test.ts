import { describe, expect, it } from 'vitest'
import { CEILING_CASES, casesOf, longerFor, QUICK_CASES } from '../../../src/runner/calibration/cases.ts'
import { ceilingOf } from '../../../src/runner/calibration/run-case.ts'
import type { AnswerKind } from '../../../src/runner/search/search.ts'

describe('a ceiling that was searched', () => {
  const bucket = CEILING_CASES[0]!
  const judged = (kind: AnswerKind, mid: number) =>
    ceilingOf(bucket, { kind, interval: { low: 0.98 * mid, mid, high: 1.02 * mid }, soakedPerS: null })

  it('is right or wrong where the search found it, or found it below every load', () => {
    expect(judged('found', 810)).toMatchObject({ truth: 800, found: 810, isRight: true })
    expect(judged('found', 900)).toMatchObject({ found: 900, isRight: false })
    expect(judged('below-lowest', 1)).toMatchObject({ found: 1, isRight: false })
  })

  it.each(['budget-over', 'generator-bound', 'not-measurable'] as const)('%s is nothing to judge, and why', (kind) => {
    expect(judged(kind, 500)).toEqual({ truth: 800, found: null, isRight: null, why: kind })
  })
})

describe('servers that are calibrated with', () => {
  it('are all of them, or those of the kinds that are named', () => {
    const all = [...QUICK_CASES, ...CEILING_CASES]
    expect(casesOf(all, undefined)).toEqual(all)
    expect(casesOf(all, 'mmc, leaks').map(({ measures, server }) => [measures, server.kind])).toEqual([
      ['planted', 'leaks'],
      ['p99', 'mmc'],
      ['ceiling', 'mmc'],
    ])
  })

  it('are none of an unknown kind', () => {
    expect(() => casesOf(QUICK_CASES, 'early')).toThrow("--only 'early' is no server here: try leaks, doubles, alters")
  })

  it('are measured again for longer where there is no p99, as long as that is not too long', () => {
    expect(longerFor({ p99TimesLonger: 2 }, 20_000)).toBe(52_000)
    expect(longerFor({ p99TimesLonger: 2.5 }, 60_000)).toBe(180_000)
    expect(longerFor({ p99TimesLonger: 10 }, 20_000)).toBeUndefined()
    expect(longerFor({ p99TimesLonger: 1 }, 180_000)).toBeUndefined()
    expect(longerFor({ p99: { ms: 50, lowMs: 49, highMs: 51 } }, 20_000)).toBeUndefined()
  })
})
