import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { entriesIn } from '../../../src/runner/history/entries.ts'
import { folderOf, reportsOf } from '../../../src/runner/history/named.ts'
import type { Report } from '../../../src/runner/report/report-schema.ts'
import { reportWith, writeRun } from './made-up-reports.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'floodmark-history-'))
  const tagged = (tag: string, startedAt: string) => {
    const report = reportWith({ startedAt })
    return { ...report, settings: { ...report.settings, tag } }
  }
  writeRun(root, 'first', tagged('main', '2026-01-01T08:00:00.000Z'))
  writeRun(root, 'second', tagged('main', '2026-01-02T08:00:00.000Z'))
  writeRun(root, 'third', tagged('change', '2026-01-03T08:00:00.000Z'))
  // Recorded, but its report is of another version, or was never made.
  mkdirSync(join(root, '2026-01-04T08-00-00-steady-raw-http-embedded'))
  writeFileSync(join(root, '2026-01-04T08-00-00-steady-raw-http-embedded', 'run.json'), '{}')
  mkdirSync(join(root, 'not-ours'))
  mkdirSync(join(root, 'searched'))
  writeFileSync(join(root, 'searched', 'trials.jsonl'), '')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('the runs of a folder', () => {
  it('are listed newest first, those without a report by the time in their name', () => {
    const runs = entriesIn(root).filter(({ kind }) => kind === 'run')
    expect(runs.map(({ folder }) => folder.slice(root.length + 1))).toEqual([
      ...['2026-01-04T08-00-00-steady-raw-http-embedded', 'third', 'second', 'first'],
    ])
    expect(entriesIn(root)).toHaveLength(5)
    expect(entriesIn(join(root, 'nowhere'))).toEqual([])
  })

  it('are found as latest, previous and by tag, or by folder and report', () => {
    expect(folderOf('latest', 'run', root)).toContain('2026-01-04')
    expect(folderOf('previous', 'run', root)).toBe(join(root, 'third'))
    expect(folderOf('latest', 'ceiling', root)).toBe(join(root, 'searched'))
    expect(folderOf('some/folder', 'run', root)).toBe('some/folder')
    expect(folderOf('third', 'run', root)).toBe(join(root, 'third'))
    expect(reportsOf('third', root)[0]!.settings.tag).toBe('change')
    expect(reportsOf('main', root)).toHaveLength(2)
    expect(reportsOf(join(root, 'third'), root)[0]!.settings.tag).toBe('change')
    expect(reportsOf(join(root, 'third', 'report.json'), root)).toHaveLength(1)
    // Where a folder of that name is no run, as a checkout is none, the tag is meant.
    const report = reportWith()
    writeRun(root, 'fourth', { ...report, settings: { ...report.settings, tag: 'docs' } })
    expect(existsSync('docs')).toBe(true)
    expect(reportsOf('docs', root)).toHaveLength(1)
  })

  it('that are not there are told in a line, with what there is', () => {
    expect(() => reportsOf('mian', root)).toThrow("there is no run 'mian': did you mean 'main'?")
    expect(() => reportsOf('zzz', root)).toThrow('give a folder, latest, previous, or a tag (change, main)')
    expect(() => reportsOf('latest', root)).toThrow('holds no report of this version')
    expect(() => reportsOf(join(root, 'searched'), root)).toThrow(
      'searched is a search for a ceiling: give the folder of',
    )
    expect(() => reportsOf(join(root, 'not-ours'), root)).toThrow('not-ours holds nothing of ours: give the folder of')
    const older = { ...reportWith(), version: 2 } as unknown as Report
    writeRun(root, 'older', { ...older, settings: { ...older.settings, tag: 'ages' } })
    expect(() => reportsOf('ages', root)).toThrow('older holds no report of this version: npm run report -- ')
    expect(() => folderOf('latest', 'comparison', root)).toThrow('there is no latest comparison')
  })
})
