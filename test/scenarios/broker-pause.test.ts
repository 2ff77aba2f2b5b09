// @module-tag full: a real run of half a minute.
import { expect, it } from 'vitest'
import { expectPass, isJudgedAfterFaults, QUICK_MS, quickRuns } from './quick.ts'

const { quick } = quickRuns('broker-pause')

it(
  'the embedded queue hangs with its process: requests wait, and nothing acknowledged is gone',
  async () => {
    const run = await quick('embedded', '--duration', '30')
    expectPass(run)
    const { faults, latency, cards } = run.report
    expect(faults).toMatchObject([{ kind: 'pause', victim: 'receiver + processor' }])
    // Whoever counted from when a socket was free would not see the pause.
    expect(latency.accepted.all.maxMs).toBeGreaterThan(faults[0]!.untilMs - faults[0]!.fromMs - 2_000)
    if (isJudgedAfterFaults(run.report)) expect(cards.delivery!.goodputAfter).toBeGreaterThan(0.9)
  },
  QUICK_MS,
)
