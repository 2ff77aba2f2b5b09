import { describe, expect, it } from 'vitest'
import { foldedTo, hanging } from '../../../src/runner/render/fitting.ts'
import { historyLines } from '../../../src/runner/render/history/list.ts'
import { historyRow } from '../../../src/runner/render/history/row.ts'
import { reportWith } from '../history/made-up-reports.ts'

describe('lines that are folded to a terminal', () => {
  it('keep a figure with its unit, a flag with its value and an interval whole, wherever they end', () => {
    const text = 'it took 46 ms (8.78 ms … 177 ms) of 5,000 ms, and --duration 204s would decide it'
    for (let width = 20; width < text.length + 2; width++) {
      const lines = foldedTo(width, text)
      expect(lines.map((line) => line.trim()).join(' ')).toBe(text)
      for (const line of lines) expect(line).not.toMatch(/(\d|…|--duration)$/)
      expect(lines.join('\n')).toContain('(8.78 ms … 177 ms)')
    }
  })

  it('go on further to the right than they begin', () => {
    expect(hanging(30, '  others, most first: one 0.04, another 0.73')).toEqual([
      '  others, most first: one',
      '    0.04, another 0.73',
    ])
    expect(hanging(80, '    short')).toEqual(['    short'])
  })
})

describe('the list of runs', () => {
  const report = reportWith()
  const rows = [
    historyRow({
      kind: 'run',
      folder: 'reports/2026-01-31T08-00-00-flash-sale-raw-http-embedded',
      startedAt: report.startedAt,
      tag: undefined,
      report,
    }),
  ]

  it('is a line each where there is room, and no wider than a terminal that is narrow', () => {
    expect(historyLines(rows)).toHaveLength(3)
    const narrow = historyLines(rows, 80)
    for (const line of narrow) expect(line.length).toBeLessThanOrEqual(80)
    expect(narrow.join('\n')).toContain(`\n    ${rows[0]!.stack}\n    ${rows[0]!.folder}`)
    expect(narrow[0]).not.toContain('folder')
  })
})
