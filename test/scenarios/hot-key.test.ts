// @module-tag full: a real run of half a minute.
import { expect, it } from 'vitest'
import { readJournal } from '../../src/runner/records/journal.ts'
import { journalPath } from '../../src/runner/records/run-record.ts'
import { expectPass, QUICK_MS, quickRuns } from './quick.ts'

const { root, quick } = quickRuns('hot-key')

it(
  'half of the traffic has one key, which stays in order while the others get through',
  async () => {
    const run = await quick('embedded', '--rate', '200')
    expectPass(run)
    const { audit } = run.report
    let hot = 0
    for (const { key } of readJournal(journalPath(`${root}/embedded`, 0))) if (key === 0) hot++
    expect(hot / audit.planned).toBeGreaterThan(0.4)
    expect(audit.refused).toBe(0)
  },
  QUICK_MS,
)
