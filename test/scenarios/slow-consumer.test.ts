// @module-tag full: a real run of half a minute.
import { expect, it } from 'vitest'
import { expectPass, QUICK_MS, quickRuns } from './quick.ts'

const { quick } = quickRuns('slow-consumer')

it(
  'a backlog grows while effects are slow, is worked off, and receiving does not suffer',
  async () => {
    const run = await quick('embedded', '--rate', '400')
    expectPass(run)
    const { timeline, faults, audit } = run.report
    const { fromMs, untilMs } = faults[0]!
    const backlog = (from: number, until: number) =>
      Math.max(
        0,
        ...timeline.points.filter(({ atMs }) => atMs >= from && atMs < until).map((point) => point.backlog ?? 0),
      )
    // Some hundred of four hundred a second take effect. Without the fault a stall would have to take most of a second for so many.
    expect(backlog(fromMs, untilMs + 1_000)).toBeGreaterThan(250)
    expect(Math.max(...timeline.points.map(({ ageMs }) => ageMs ?? 0))).toBeGreaterThan(1_000)
    expect(timeline.points.at(-1)!.backlog).toBeLessThan(backlog(fromMs, untilMs + 1_000) / 2)
    expect(audit.refused).toBe(0)
  },
  QUICK_MS,
)
