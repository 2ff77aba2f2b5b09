import { describe, expect, it } from 'vitest'
import { changesOf } from '../../../src/runner/compare/changes.ts'
import { changesHtml, changesJunit, changesLines, changesMarkdown } from '../../../src/runner/render/compare/changes.ts'
import type { Report } from '../../../src/runner/report/report-schema.ts'
import { reportWith } from '../history/made-up-reports.ts'

const changes = (before: Report, after: Report) =>
  changesOf({ name: 'base', reports: [before] }, { name: 'change', reports: [after] }, 0.1)
const counts = (xml: string) => /tests="(\d+)" failures="(\d+)" skipped="(\d+)"/.exec(xml)!.slice(1).map(Number)

describe('what changed between two runs, for a CI system', () => {
  it('has a test case that fails for every reason to exit with 1', () => {
    const slower = changesJunit(changes(reportWith(), reportWith({ times: 3 })))
    expect(counts(slower)[1]).toBe(slower.match(/<failure /g)!.length)
    expect(slower).toMatch(/name="response p99"><failure message="20 ms before, 60 ms after \+200\.0%"/)
    expect(changesJunit(changes(reportWith(), reportWith({ times: 333 })))).toContain('6,660 ms after ×333')
    // No figure tells it.
    const fails = changesJunit(changes(reportWith(), reportWith({ verdict: 'FAIL' })))
    expect(counts(fails).slice(1)).toEqual([1, 0])
    expect(fails).toContain('name="verdict"><failure message="')
    const lost = reportWith()
    lost.audit.lost = 3
    expect(changesJunit(changes(reportWith(), lost))).toContain(
      'name="events lost"><failure message="0 before, 3 after ',
    )
  })

  it('has none where nothing became worse', () => {
    const xml = changesJunit(changes(reportWith({ times: 3 }), reportWith()))
    expect(counts(xml).slice(1)).toEqual([0, 0])
    expect(xml).not.toContain('<failure')
  })

  it('is skipped where the two cannot be compared, and no rendering shows figures then', () => {
    const other = reportWith({ times: 9 })
    other.scenario.name = 'another'
    const found = changes(reportWith(), other)
    expect(counts(changesJunit(found))).toEqual([2, 0, 1])
    for (const text of [
      changesJunit(found),
      changesHtml(found),
      changesMarkdown(found),
      changesLines(found).join(' '),
    ]) {
      expect(text).toContain('change one of another. Compare runs of one scenario.')
      expect(text).not.toMatch(/REGRESSION|response p99/)
    }
  })
})
