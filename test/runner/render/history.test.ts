import { describe, expect, it } from 'vitest'
import type { Entry } from '../../../src/runner/history/entries.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { historyPage } from '../../../src/runner/render/history/page.ts'
import { historyRow } from '../../../src/runner/render/history/row.ts'
import { reportWith } from '../history/made-up-reports.ts'

const { settings } = settingsOf('steady', {})
const about = { startedAt: '2026-01-31T08:00:00.000Z', tag: undefined }
const environment = { node: '', platform: '', cpu: '', cores: 2, memoryBytes: 1 }
type FoundKind = (Entry & { kind: 'ceiling' })['ceiling']
const search = (kind: NonNullable<FoundKind>['found']['kind'], soakedPerS: number | null): Entry => ({
  ...{ ...about, folder: 'reports/searched', kind: 'ceiling' },
  ceiling: {
    ...{ settings, environment, startedAt: about.startedAt, acceptP99Ms: 250, drifted: null },
    found: { kind, interval: null, soakedPerS },
  },
})

describe('a row of the list of runs', () => {
  it('says in words what a search has found, and nothing of what is not over', () => {
    expect(historyRow(search('budget-over', 900))).toMatchObject({
      verdict: 'time was over',
      ceiling: 'at least 900/s',
    })
    expect(historyRow({ ...about, folder: 'reports/a', kind: 'ceiling', ceiling: undefined }).verdict).toBe('not over')
  })

  it('has no page where a run has no report, however many there are', () => {
    const broken = historyRow({ ...about, folder: 'reports/broken', kind: 'run', report: undefined })
    expect(broken).toMatchObject({ verdict: 'no report', what: 'run' })
    const rows = Array.from({ length: 400 }, (_, at) =>
      historyRow({ ...about, folder: `reports/run-${at}`, kind: 'run', report: reportWith() }),
    )
    const page = historyPage([broken, ...rows])
    expect(page.match(/href="run-\d+\/report\.html"/g)).toHaveLength(400)
    expect(page).not.toContain('href="broken')
    expect(page).toContain('Response p99 of 40 runs, oldest first')
  })
})
