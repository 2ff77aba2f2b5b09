import { describe, expect, it } from 'vitest'
import { seeded } from '../../../src/core/contracts/random.ts'
import { countsOf } from '../../../src/runner/cli/scaling.ts'
import { fitWords, pointWords } from '../../../src/runner/render/words/scaling.ts'
import { scalingOf } from '../../../src/runner/scaling/measure.ts'
import { fitUsl, type ScalingPoint, uslAt } from '../../../src/runner/scaling/usl.ts'

const counts = (most: number) => Array.from({ length: most }, (_, at) => at + 1)
const law = { lambda: 5_000, sigma: 0.05, kappa: 0.02 }
const points = (most: number, noise = 0, seed = 1): ScalingPoint[] => {
  const random = seeded(seed)
  return counts(most).map((processes) => ({
    processes,
    perS: uslAt(law, processes) * (1 + noise * (2 * random() - 1)),
  }))
}

describe('the Universal Scalability Law', () => {
  it('is found again in points that keep it, with its peak', () => {
    const fitted = fitUsl(points(8))
    expect(fitted).toMatchObject({ usl: { peak: expect.closeTo(Math.sqrt(0.95 / 0.02), 6), r2: expect.closeTo(1, 9) } })
    if (!('usl' in fitted)) throw new Error('refused')
    expect(fitted.usl.lambda).toBeCloseTo(5_000, 3)
    expect(fitted.usl.sigma).toBeCloseTo(0.05, 6)
    expect(fitted.usl.kappa).toBeCloseTo(0.02, 6)
  })

  it('is near in points that are 3% off, for every seed', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const fitted = fitUsl(points(8, 0.03, seed))
      if (!('usl' in fitted)) throw new Error(`seed ${seed}: ${fitted.refused}`)
      for (const count of counts(8)) expect(uslAt(fitted.usl, count) / uslAt(law, count)).toBeCloseTo(1, 1)
    }
  })

  it('has no peak where more is always more', () => {
    const linear = counts(6).map((processes) => ({ processes, perS: 1_000 * processes }))
    expect(fitUsl(linear)).toMatchObject({ usl: { peak: null, sigma: expect.closeTo(0, 9) } })
  })

  it('is refused for fewer than six counts, also when one of them was tried twice', () => {
    expect(fitUsl(points(5))).toMatchObject({ refused: 'too-few-points' })
    expect(fitUsl([...points(5), points(1)[0]!])).toMatchObject({ refused: 'too-few-points' })
  })

  it('is refused where it explains little of what was measured', () => {
    const zigzag = counts(8).map((processes) => ({ processes, perS: processes % 2 === 0 ? 1_000 : 5_000 }))
    expect(fitUsl(zigzag)).toMatchObject({ refused: 'poor-fit', nearest: { off: expect.any(Number) } })
  })

  it('fits where more processes bring nothing, although there is nothing to explain', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seeded(seed)
      const flat = counts(6).map((processes) => ({ processes, perS: 3_000 * (1 + 0.05 * (2 * random() - 1)) }))
      const fitted = fitUsl(flat)
      if (!('usl' in fitted)) throw new Error(`seed ${seed}: ${fitted.refused}`)
      expect(fitted.usl.sigma).toBeGreaterThan(0.5)
    }
  })

  it('has its peak at one process where each one more makes it less', () => {
    const worse = counts(6).map((processes) => ({ processes, perS: 5_000 / (1 + 0.2 * (processes - 1)) }))
    expect(fitUsl(worse)).toMatchObject({
      usl: { peak: 1, sigma: expect.closeTo(1, 6), kappa: expect.closeTo(0.2, 6) },
    })
  })
})

describe('what is said of it', () => {
  const point = ({ processes, perS }: ScalingPoint) => ({
    ...{ processes, folder: `processes-${processes}`, tookMs: 1 },
    interval: { low: perS * 0.96, mid: perS, high: perS * 1.04 },
    why: null,
  })

  it('names waiting, agreeing and the peak; and why there is no law', () => {
    expect(fitWords(scalingOf(points(8).map(point)))).toContain('Most is taken with 7 processes')
    expect(fitWords(scalingOf(points(3).map(point)))).toContain(
      'it takes ceilings of 6 counts of processes, and there are 3',
    )
    const none = { ...point(points(1)[0]!), interval: null, why: 'too-wide' as const }
    expect(fitWords(scalingOf([...points(5).map(point), { ...none, processes: 6 }]))).toContain('there are 5')
  })

  it('tells of a count without a ceiling why there is none, and of a law that does not fit how far it is off', () => {
    const [one] = points(1).map(point)
    expect(pointWords(one!)).toBe('1 process: 5,000/s')
    const none = { ...one!, processes: 3, interval: null, why: 'generator-bound' as const }
    expect(pointWords(none)).toContain('3 processes: no ceiling, as no more could be offered')
    const zigzag = counts(8).map((processes) => point({ processes, perS: processes % 2 === 0 ? 1_000 : 5_000 }))
    expect(fitWords(scalingOf(zigzag))).toMatch(/the nearest explains [\d.]+% .* a point is off by \d+\.\d%/)
  })

  it('is silent beyond twice of what was tried', () => {
    const little = counts(6).map((processes) => ({
      processes,
      perS: uslAt({ lambda: 1_000, sigma: 0.02, kappa: 0.0001 }, processes),
    }))
    expect(fitWords(scalingOf(little.map(point)))).toContain('Up to 12 processes it has no peak')
  })
})

describe('counts of processes', () => {
  it.each([
    ['1..4', [1, 2, 3, 4]],
    ['4, 1,2', [1, 2, 4]],
    ['3', [3]],
  ])('%j are %j', (text, counted) => expect(countsOf(text)).toEqual(counted))

  it.each(['', '0..3', '3..1', '1..65', 'many', '1..99999999'])('%j are none', (text) => {
    expect(() => countsOf(text)).toThrow('write 1..6')
  })
})
