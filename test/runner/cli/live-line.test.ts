import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { liveLine } from '../../../src/runner/cli/telling/live-line.ts'
import { spark } from '../../../src/runner/cli/telling/spark.ts'
import type { Progress } from '../../../src/runner/records/facts.ts'
import { terminal } from '../../../src/runner/render/terminal.ts'
import { reportWith } from '../history/made-up-reports.ts'

const progress = (atMs: number, sent: number, responseP99Ms: number) => ({ atMs, sent, responseP99Ms }) as Progress

/** What is written to a stream of so many columns; undefined: a pipe. */
function written(columns: number | undefined): string[] {
  const lines: string[] = []
  const out = { isTTY: columns !== undefined, columns, write: (text: string) => lines.push(text) }
  const line = liveLine(out as unknown as NodeJS.WriteStream, 10_000, [{ name: 'calm', until: 1 }], 100)
  line.phase('warm-up')
  for (let at = 1; at <= 8; at++) line.progress(0, progress(at * 500, at * at * 400, at * 30))
  line.end()
  return lines.map((text) => stripVTControlCharacters(text))
}

describe('the line of a run that goes on', () => {
  it('draws the latest rates and p99s where the terminal has room', () => {
    expect(written(160).at(-2)).toMatch(
      /^\rcalm +12,000\/s ▁+[▁-█]*█ {2}p99 240 ms [▁-█]+ {2}backlog \? {2}25,600 sent {2}6 s to go$/,
    )
  })

  it.each([80, 40, 20])('is no longer than a terminal of %i columns', (columns) => {
    for (const line of written(columns)) expect(line.replace('\r', '').length).toBeLessThan(columns)
  })

  it('is plain lines in a pipe', () => {
    for (const line of written(undefined)) expect(line).toMatch(/^[\x20-\x7e]*\n$/)
  })

  it('says nothing more of the sending when that is over', () => {
    const lines: string[] = []
    const out = { write: (text: string) => lines.push(text) }
    const line = liveLine(out as unknown as NodeJS.WriteStream, 10_000, [{ name: 'calm', until: 1 }], 100)
    line.progress(0, progress(500, 400, 30))
    for (const name of ['drain', 'audit']) line.phase(name)
    expect(lines.map((text) => text.replace(/ .*/s, '\n'))).toEqual(['calm\n', 'drain\n', 'audit\n'])
  })

  it('has blocks from the lowest to the highest', () => {
    expect(spark([0, 1, 2, 4], 10)).toBe('▁▃▅█')
    expect(spark([1, 10, 100], 2, true)).toBe('▁█')
    expect(spark([3, 3], 5, true)).toBe('▅▅')
    expect(spark([0], 5)).toBe('▁')
  })
})

describe('the report in a terminal', () => {
  const failed = {
    ...({ id: 'lost', about: 'stack', severity: 'harm', ok: false } as const),
    values: { measured: { value: 1_234, unit: 'count' as const }, exactly: { value: 0, unit: 'count' as const } },
  }
  const report = reportWith({ verdict: 'FAIL' })
  report.checks = [...report.checks.filter(({ ok }) => ok !== false), failed]

  it('has what failed first, in figures that are grouped', () => {
    const lines = stripVTControlCharacters(terminal(report)).split('\n')
    const first = lines.findIndex((line) => /^ {2}(FAIL|ok {2})/.test(line))
    expect(lines[first]).toMatch(/^ {2}FAIL {2}accepted events lost: +1,234, wanted 0$/)
  })

  it.each([80, 60])('keeps within %i columns', (columns) => {
    for (const line of stripVTControlCharacters(terminal(report, columns)).split('\n')) {
      // A word of its own may be longer.
      if (line.trim().includes(' ')) expect(line.length, line).toBeLessThanOrEqual(columns)
    }
  })
})
