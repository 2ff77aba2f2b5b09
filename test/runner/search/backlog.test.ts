import { describe, expect, it } from 'vitest'
import { doneOf, HOLD_FROM, keepsUp } from '../../../src/runner/search/backlog.ts'

const [STEP_MS, DURATION_MS] = [250, 6_000]
const THROUGH: Load = { offeredPerS: 1_000, laterMs: 20 }

interface Load {
  readonly offeredPerS: number
  /** Each event is done so much later than it is offered. */
  readonly laterMs: number
  /** No more than this is done in a second. Default: as much as is offered. */
  readonly donePerSMax?: number
}

/** A trial's ramp and its hold, where events are offered evenly and are done in their order. */
function judged({ offeredPerS, laterMs, donePerSMax = Number.POSITIVE_INFINITY }: Load) {
  const points = Array.from({ length: 2 * (DURATION_MS / STEP_MS) }, (_, at) => ({
    ...{ atMs: at * STEP_MS, offered: 0, accepted: 0, effects: 0 },
  }))
  const note = (atMs: number, what: 'offered' | 'accepted' | 'effects') => {
    const point = points[Math.floor(atMs / STEP_MS)]
    if (point) point[what] += 1_000 / STEP_MS
  }
  const waits: number[] = []
  let offeredMs = 0
  let freeMs = 0
  while (offeredMs < DURATION_MS) {
    const share = Math.min(1, 0.3 + (0.7 * offeredMs) / (HOLD_FROM * DURATION_MS))
    offeredMs += 1_000 / (offeredPerS * share)
    freeMs = Math.max(offeredMs, freeMs + 1_000 / donePerSMax)
    if (offeredMs >= DURATION_MS) break
    note(offeredMs, 'offered')
    note(Math.max(0, freeMs + laterMs), 'effects')
    if (offeredMs >= HOLD_FROM * DURATION_MS) waits.push(freeMs + laterMs - offeredMs)
  }
  waits.sort((a, b) => a - b)
  const later = { middleMs: waits[waits.length >> 1]!, mostMs: waits.at(-1)! }
  const run = { timeline: { stepMs: STEP_MS, points }, scenario: { durationMs: DURATION_MS } }
  return keepsUp(doneOf(run as unknown as Parameters<typeof doneOf>[0], 'effects', later))
}

describe('a backlog that grows', () => {
  it.each([
    ['is none where all is done at once', THROUGH, 'passed'],
    ['is none where all is done a second later', { ...THROUGH, laterMs: 1_000 }, 'passed'],
    ['is none where all is done two seconds later', { ...THROUGH, laterMs: 2_000 }, 'passed'],
    ['is none where all seems done a little before it is offered', { ...THROUGH, laterMs: -150 }, 'passed'],
    ['is none where all seems done a second before it is offered', { ...THROUGH, laterMs: -1_000 }, 'passed'],
    ['cannot be told where all is done as much later as the load is held', { ...THROUGH, laterMs: 4_000 }, 'undecided'],
    ['is seen where 3% more is offered than can be done', { ...THROUGH, donePerSMax: 970 }, 'failed'],
    ['is seen beside a wait of its own', { ...THROUGH, laterMs: 1_000, donePerSMax: 940 }, 'failed'],
    ['is seen where half as much can be done', { ...THROUGH, donePerSMax: 500 }, 'failed'],
    ['is seen where a fifth can be done', { ...THROUGH, donePerSMax: 200 }, 'failed'],
    ['is seen where a tenth can be done', { ...THROUGH, donePerSMax: 100 }, 'failed'],
  ] as const)('%s', (_what, load, outcome) => {
    expect(judged(load)).toBe(outcome)
  })

  it('is not taken from a few events that are under way by chance', () => {
    const done = { donePerS: 24, acceptedPerS: 25, doneShare: 0.96, trendShare: 0.97, chanceShare: 0.03 }
    expect(keepsUp(done)).toBe('passed')
    expect(keepsUp({ ...done, doneShare: 0.93, trendShare: 0.95 })).toBe('undecided')
    expect(keepsUp({ ...done, doneShare: 0.88, trendShare: 0.9 })).toBe('failed')
    expect(keepsUp({ ...done, chanceShare: 0 })).toBe('failed')
  })
})
