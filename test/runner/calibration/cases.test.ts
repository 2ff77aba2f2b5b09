import { describe, expect, it } from 'vitest'
import { CEILING_CASES, casesOf, longerFor, QUICK_CASES } from '../../../src/runner/calibration/cases.ts'

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
