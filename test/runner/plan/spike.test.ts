import { describe, expect, it } from 'vitest'
import flashSale from '../../../scenarios/flash-sale.ts'
import steady from '../../../scenarios/steady.ts'
import { peakOf, withSpike } from '../../../src/runner/plan/spike.ts'
import { floodmark, runsFolder } from '../floodmark.ts'

const { root, run, reportOf } = runsFolder()

describe('a spike', () => {
  it('scales what a shape has above the base rate, so that its peak is as high as asked for', () => {
    const { shape } = withSpike(flashSale, 100)
    expect(peakOf({ ...flashSale, shape })).toBeCloseTo(100, 9)
    for (const at of [0, 0.1, 0.24]) expect(shape(at)).toBe(1)
    for (const at of [0.26, 0.3, 0.59, 0.7, 1]) {
      expect(shape(at)).toBeCloseTo(1 + ((flashSale.shape(at) - 1) * 99) / 9, 9)
    }
  })

  it('leaves alone what is below the base rate, and a scenario for which none is asked', () => {
    const dips = { ...flashSale, shape: (at: number) => (at < 0.5 ? 0.25 : 3) }
    const { shape } = withSpike(dips, 5)
    expect([shape(0.1), shape(0.9)]).toEqual([0.25, 5])
    expect(withSpike(flashSale, undefined)).toBe(flashSale)
  })

  it('is refused for a shape without a peak', () => {
    expect(() => withSpike(steady, 100)).toThrow('no peak to scale')
  })
})

describe('npm run scenario with --spike', () => {
  it('sends that many more at the peak, says so, and makes the same report again', {
    tags: 'full',
  }, async () => {
    const { code, out, err } = await run('spiked', 'flash-sale', '--spike', '40', '--rate', '20')
    expect(code, out + err).toBe(0)
    const report = reportOf('spiked')
    expect(report.setup.peakPerS).toBeCloseTo(800, 6)
    expect(report.setup.rateChosen).toContain('40 times that, as asked for by --spike')
    expect(report.reproduce).toContain('--spike 40')
    const most = Math.max(...report.timeline.points.map(({ offered }) => offered))
    expect(most).toBeGreaterThan(500)
    expect((await floodmark('report', `${root}/spiked`)).code).toBe(0)
    expect(reportOf('spiked')).toEqual(report)
  })

  it.each([
    [['steady', '--spike', '100'], 'no peak to scale'],
    [['flash-sale', '--spike', '100', '--shape', 'trace.csv'], 'choose one of them'],
    [['flash-sale', '--spike', '0.5'], "--spike '0.5' is less than 1"],
  ])('refuses %j in one line, with exit 2', async (flags, what) => {
    const { code, err } = await floodmark('scenario', ...flags)
    expect(code).toBe(2)
    expect(err).toContain(what)
    expect(err.trim().split('\n')).toHaveLength(1)
  })
})
