import { describe, expect, it } from 'vitest'
import { diagnose } from '../../../src/runner/report/delivery/diagnosis.ts'
import { diagnosisWords } from '../../../src/runner/report/delivery/diagnosis-words.ts'
import type { After } from '../../../src/runner/report/delivery/recovery.ts'

const retries = { timeScale: 600, tailMs: 1_000 }
const NONE = {
  refused: 0,
  unanswered: 0,
  givenUp: 0,
  p50Ms: null,
  p99Ms: null,
  maxMs: null,
  ageMs: null,
  backlog: null,
}

function of(rates: { offered: number; retries: number; accepted: number; effects: number }, absorbedPerS = 0) {
  const points = Array.from({ length: 20 }, (_, at) => ({ atMs: 5_000 + at * 500, ...rates, ...NONE }))
  const after: After = { overMs: 4_800, points, judged: points.slice(10) }
  const samples = Array.from({ length: 40 }, (_, at) => ({
    ...{ atMs: at * 500, duplicates: (absorbedPerS * at) / 2, backlog: 0 },
    ...{ applied: 0, buried: 0, failed: 0, cpuSeconds: 0, rssBytes: 0, eventLoopUtilization: 0 },
  }))
  const run = {
    record: { samples: { stack: [{ name: 'all', samples }], senders: [] } } as never,
    settings: {} as never,
    setup: { processes: 2 } as never,
  }
  return diagnose({ retries }, run, after, [500, 2_000])!
}

describe('the diagnosis of what came after the last fault', () => {
  it('is metastable where the stack does enough, and most of it for nobody', () => {
    const found = of({ offered: 200, retries: 600, accepted: 20, effects: 160 }, 120)
    expect(found).toMatchObject({ state: 'metastable', answeredPerS: 20 })
    expect(found.donePerS).toBeCloseTo(280, 6)
    expect(found.wastedShare).toBeCloseTo(260 / 280, 6)
    // Half of 500 ms at 280/s, on two receivers.
    expect(found.inFlightMaxAdvised).toBe(35)
    expect(diagnosisWords({ ...found, recoveredMs: null })).toContain('--in-flight-max 35,')
  })

  it.each([
    ['too-small', { offered: 200, retries: 600, accepted: 90, effects: 100 }],
    ['down', { offered: 200, retries: 600, accepted: 0, effects: 0 }],
    ['recovered', { offered: 200, retries: 20, accepted: 190, effects: 190 }],
  ] as const)('is %s by the rates alone, and its words have them', (state, rates) => {
    const found = of(rates)
    expect(found.state).toBe(state)
    const says = diagnosisWords({ ...found, recoveredMs: null })
    expect(says).toContain(`retries at ${rates.retries}/s`)
    expect(says).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('says nothing where nobody tries again, or there is nothing to judge', () => {
    expect(diagnose({}, {} as never, { overMs: 0, points: [], judged: [] }, [])).toBeNull()
    expect(diagnose({ retries }, {} as never, undefined, [])).toBeNull()
  })
})
