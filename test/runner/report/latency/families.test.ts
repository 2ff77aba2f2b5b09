import { expect, it } from 'vitest'
import { emptyAttempt } from '../../../../src/runner/records/journal.ts'
import type { ReadRun } from '../../../../src/runner/records/read-record.ts'
import { notAcceptedWords } from '../../../../src/runner/render/words/waits.ts'
import { latencyOf } from '../../../../src/runner/report/latency/families.ts'
import { timelineOf } from '../../../../src/runner/report/timeline.ts'

const DURATION_MS = 30_000
/** The stack is dead in the middle third. Twice as much comes there, and is refused at once. */
const DEAD = { fromMs: 10_000, untilMs: 20_000 }
const RETRY_MS = 11_000
const GIVEN_UP_EVERY = 100

/** An event each 5 ms, in the middle each 2 ms. What is refused comes again once, but for some, which are given up. */
function run(): ReadRun {
  const attempts: ReturnType<typeof emptyAttempt>[] = []
  const effects: { lane: number; seq: number; atMs: number }[] = []
  let seq = 0
  for (let dueMs = 0; dueMs < DURATION_MS; seq++) {
    const isDead = dueMs >= DEAD.fromMs && dueMs < DEAD.untilMs
    const due = { ...emptyAttempt(), seq, intendedMs: dueMs, sentMs: dueMs }
    const retryMs = dueMs + RETRY_MS
    if (isDead) attempts.push({ ...due, outcome: 'refused', doneMs: dueMs + 0.2 })
    const again = { ...due, attempt: 2, intendedMs: retryMs, sentMs: retryMs }
    const isGivenUp = isDead && seq % GIVEN_UP_EVERY === 0
    if (isGivenUp) attempts.push({ ...again, outcome: 'unknown', doneMs: retryMs + 1_000 })
    else attempts.push({ ...(isDead ? again : due), outcome: 'accepted', doneMs: (isDead ? retryMs : dueMs) + 4 })
    if (!isGivenUp) effects.push({ lane: 0, seq, atMs: attempts.at(-1)!.doneMs + 6 })
    dueMs += isDead ? 2 : 5
  }
  const phases = [
    { name: 'calm', until: 1 / 3 },
    { name: 'rush', until: 2 / 3 },
    { name: 'after', until: 1 },
  ]
  return {
    planned: seq,
    scenario: { phases },
    plan: { durationMs: DURATION_MS },
    record: { certificates: [{ endedAtMs: 32_000 }], samples: { stack: [] } },
    attempts: () => attempts,
    effects: () => effects,
  } as unknown as ReadRun
}

it('accepted attempts, refused ones and events are never mixed', () => {
  const { latency } = latencyOf(run())
  const { accepted, refused, event, acceptToEffect } = latency
  expect(accepted.first).toMatchObject({ count: 4_000, maxMs: 4 })
  expect(accepted.all).toMatchObject({ count: 8_950, maxMs: 4 })
  expect(refused.count).toBe(5_000)
  expect(refused.maxMs).toBeCloseTo(0.2, 3)
  // Refused at once and accepted at once, an event was still eleven seconds on its way.
  expect(event.toAccepted).toMatchObject({ count: 8_950, maxMs: RETRY_MS + 4 })
  expect(event.toEffect).toMatchObject({ count: 8_950, maxMs: RETRY_MS + 10 })
  expect(acceptToEffect.maxMs).toBe(6)
})

it('a phase has its own, and the peak is known', () => {
  const { phases } = latencyOf(run()).latency
  expect(phases.map(({ name, peak }) => [name, peak])).toEqual([
    ['calm', false],
    ['rush', true],
    ['after', false],
  ])
  expect(phases.map(({ acceptedFirst }) => acceptedFirst.count)).toEqual([2_000, 0, 2_000])
  expect(phases.map(({ eventToAccepted }) => eventToAccepted.maxMs)).toEqual([4, RETRY_MS + 4, 4])
})

it('a dead stack has no latency in the chart, and what it refused has lines of its own', () => {
  const { timeline, notAccepted } = timelineOf(run())
  expect(notAccepted).toEqual({ refused: 5_000, unanswered: 50, givenUp: 50 })
  const within = timeline.points.filter(({ atMs }) => atMs >= DEAD.fromMs && atMs < DEAD.untilMs)
  const all = (of: 'refused' | 'unanswered' | 'givenUp') =>
    timeline.points.reduce((sum, point) => sum + (point[of] * timeline.stepMs) / 1_000, 0)
  expect(within.every(({ p50Ms, maxMs, refused }) => p50Ms === null && maxMs === null && refused > 400)).toBe(true)
  expect([all('refused'), all('unanswered'), all('givenUp')].map(Math.round)).toEqual([5_000, 50, 50])
  expect(timeline.points[0]!.p50Ms).toBeCloseTo(4, 1)
})

it('nothing is said of what there was none of', () => {
  expect(notAcceptedWords({ refused: 0, unanswered: 2, givenUp: 0 })).toEqual([[2, 'attempts unanswered']])
})
