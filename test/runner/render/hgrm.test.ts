import { describe, expect, it } from 'vitest'
import { hgrm } from '../../../src/runner/render/hgrm.ts'
import { percentileCurve } from '../../../src/runner/render/html/distribution.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { madeUpRun } from '../report/made-up-run.ts'

const { folder, record } = await madeUpRun()
const { cards, audit } = await summarise(folder, record)

describe('the distribution of response times', () => {
  it('is written as HdrHistogram’s plotters read it, up to the slowest', () => {
    const lines = hgrm(cards.distribution!).split('\n')
    expect(lines[0]).toBe('       Value     Percentile TotalCount 1/(1-Percentile)')
    const rows = lines.filter((line) => /^ +\d/.test(line)).map((line) => line.trim().split(/ +/).map(Number))
    expect(rows.length).toBeGreaterThan(20)
    for (const [at, row] of rows.entries()) {
      expect(row).toHaveLength(at === rows.length - 1 ? 3 : 4)
      expect(row.every(Number.isFinite)).toBe(true)
      if (at > 0) expect(row[1]).toBeGreaterThan(rows[at - 1]![1]!)
      if (at > 0) expect(row[0]).toBeGreaterThanOrEqual(rows[at - 1]![0]!)
    }
    expect(rows.at(-1)).toEqual([1, 1, cards.distribution!.count])
    expect(lines.at(-2)).toMatch(/^#\[Max {5}= {8}1\.000, Total count {4}= +\d+\]$/)
  })

  it('is drawn with its mark, and said in words', () => {
    const { text } = percentileCurve(cards.distribution!, 250)
    expect(text).toMatch(/aria-label="Of \d+ response times: p50 1\.00 ms, .*Allowed at p99: 250 ms\."/)
  })
})

describe('the events by provider and type', () => {
  it('are each in one row', () => {
    const rows = cards.byType!
    expect(new Set(rows.map(({ provider, type }) => `${provider} ${type}`)).size).toBe(rows.length)
    expect(rows.reduce((sum, { events }) => sum + events, 0)).toBe(audit.planned)
    for (const { accepted, events } of rows) expect(accepted).toBeLessThanOrEqual(events)
  })
})
