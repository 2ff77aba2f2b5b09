// @module-tag full: a real run of half a minute.
import { expect, it } from 'vitest'
import { expectPass, isJudgedAfterFaults, QUICK_MS, quickRuns } from './quick.ts'

const { quick } = quickRuns('broker-restart')

it(
  'the embedded queue is killed with its process: what it had acknowledged is there when it comes back',
  async () => {
    const run = await quick('embedded', '--duration', '30')
    expectPass(run)
    const { faults, audit, cards } = run.report
    expect(faults).toMatchObject([{ kind: 'kill', victim: 'receiver + processor' }])
    expect(audit.refused + audit.unknown).toBeGreaterThan(0)
    expect(audit.applied + audit.buried).toBeGreaterThan(audit.planned / 2)
    if (isJudgedAfterFaults(run.report)) expect(cards.delivery!.goodputAfter).toBeGreaterThan(0.9)
  },
  QUICK_MS,
)
