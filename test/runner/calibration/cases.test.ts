import { describe, expect, it } from 'vitest'
import { CEILING_CASES, casesOf, QUICK_CASES } from '../../../src/runner/calibration/cases.ts'

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
})
