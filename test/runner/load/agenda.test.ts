import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Heap } from '../../../src/core/contracts/heap.ts'
import type { RetryPolicy } from '../../../src/core/contracts/provider.ts'
import { Agenda, type AgendaOptions, type Due } from '../../../src/runner/load/sender/agenda.ts'
import { Endpoint, nextAttempt } from '../../../src/runner/plan/retry.ts'

const WAITS_MS = [1_000, 5_000, 20_000]
const policy: RetryPolicy = {
  attemptsMax: 4,
  timeoutMs: 1_000,
  waitMs: (attempt) => WAITS_MS[attempt - 2]!,
  model: true,
}
const ended = {
  attempt: 1,
  outcome: 'refused',
  status: 503,
  cause: 'none',
  retryAfterS: undefined,
  doneMs: 100,
} as const
const load = {
  scenario: { shape: () => 1, mix: [{ provider: 'any', share: 1 }], keys: { count: 10, zipf: 0 } },
  durationMs: 2_000,
  ratePerS: 50,
  seed: 5,
}
const agendaOf = (over: Partial<AgendaOptions> = {}) =>
  new Agenda({
    load,
    senders: { index: 0, count: 1 },
    policies: [policy],
    retries: { timeScale: 10, tailMs: 60_000 },
    ...over,
  })

/** Plays an agenda to its end: each attempt ends `tookMs` after it was due, by the outcome that `decide` gives. */
function play(agenda: Agenda, decide: (due: Readonly<Due>) => 'accepted' | 'refused', tookMs = 3) {
  const made: Due[] = []
  for (let due = agenda.peek(); due; due = agenda.peek()) {
    const copy = { ...due }
    made.push(copy)
    agenda.drop()
    if (agenda.disabled(copy)) continue
    agenda.ended(copy, { ...ended, attempt: copy.attempt, outcome: decide(copy), doneMs: copy.intendedMs + tookMs })
  }
  return made
}

describe('what a provider does after an attempt', () => {
  it('waits as its schedule says, scaled, from the end of the attempt', () => {
    expect(nextAttempt(policy, ended, 10, Math.random)).toEqual({ atMs: 200 })
    expect(nextAttempt(policy, { ...ended, attempt: 3 }, 10, Math.random)).toEqual({ atMs: 2_100 })
  })

  it('ends with its attempts, with a final status, or with success', () => {
    expect(nextAttempt(policy, { ...ended, attempt: 4 }, 1, Math.random)).toEqual({ givenUp: 'attempts-used-up' })
    expect(nextAttempt({ ...policy, stopsOn: [410] }, { ...ended, status: 410 }, 1, Math.random)).toEqual({
      givenUp: 'final-status',
    })
    expect(nextAttempt(policy, { ...ended, outcome: 'accepted' }, 1, Math.random)).toBe('delivered')
  })

  it('ends with any answer, and with none in time, for one that tries again only where it could not connect', () => {
    const once = { ...policy, retriesOn: 'connection' } as const
    const givenUp = { givenUp: 'only-failed-connections-retried' }
    expect(nextAttempt(once, ended, 1, Math.random)).toEqual(givenUp)
    for (const cause of ['timeout', 'reset'] as const) {
      const none = { ...ended, outcome: 'unknown', status: 0, cause } as const
      expect(nextAttempt(once, none, 1, Math.random)).toEqual(givenUp)
    }
    for (const cause of ['connect', 'timeout'] as const) {
      const refused = { ...ended, status: 0, cause }
      expect(nextAttempt(once, refused, 1, Math.random)).toEqual({ atMs: 1_100 })
    }
  })

  it('ends where the answer asked not to try again', () => {
    const asked = { ...ended, cause: 'no-retry' } as const
    expect(nextAttempt(policy, asked, 1, Math.random)).toEqual({ givenUp: 'asked-not-to-retry' })
  })

  it('waits longer when asked to, if it is one that listens', () => {
    const asked = { ...ended, retryAfterS: 30 }
    expect(nextAttempt(policy, asked, 1, Math.random)).toEqual({ atMs: 1_100 })
    expect(nextAttempt({ ...policy, honoursRetryAfter: true }, asked, 1, Math.random)).toEqual({ atMs: 30_100 })
  })

  it('gives an endpoint up after failures in a row, or after failing for long, and a success starts anew', () => {
    const often = new Endpoint({ ...policy, disables: { afterFailures: 3 } }, 1)
    for (const outcome of ['refused', 'refused', 'accepted', 'refused', 'unknown'] as const)
      often.note({ ...ended, outcome })
    expect(often.disabledAtMs).toBeUndefined()
    often.note(ended)
    expect(often.disabledAtMs).toBe(100)
    const long = new Endpoint({ ...policy, disables: { afterMs: 10_000 } }, 10)
    for (const doneMs of [100, 1_099]) long.note({ ...ended, doneMs })
    expect(long.disabledAtMs).toBeUndefined()
    long.note({ ...ended, doneMs: 1_100 })
    expect(long.disabledAtMs).toBe(1_100)
  })
})

describe('the agenda of a sender', () => {
  it('is the plan alone where all is accepted, and shared without overlap among senders', () => {
    const whole = play(agendaOf(), () => 'accepted').map(({ seq }) => seq)
    expect(whole).toEqual(Array.from({ length: whole.length }, (_, at) => at))
    const parts = [0, 1, 2].flatMap((index) => play(agendaOf({ senders: { index, count: 3 } }), () => 'accepted'))
    expect(parts.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(whole)
  })

  it('puts every attempt of what is never accepted on the schedule, in order of time', () => {
    const made = play(agendaOf(), () => 'refused')
    const times = made.map(({ intendedMs }) => intendedMs)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    for (const [seq, attempts] of Map.groupBy(made, (due) => due.seq)) {
      expect(
        attempts.map(({ attempt }) => attempt),
        `event ${seq}`,
      ).toEqual([1, 2, 3, 4])
      const waits = attempts.slice(1).map(({ intendedMs }, at) => intendedMs - attempts[at]!.intendedMs)
      for (const [at, wait] of waits.entries()) expect(wait).toBeCloseTo(3 + WAITS_MS[at]! / 10, 6)
    }
    expect(made.length).toBe(4 * new Set(made.map(({ seq }) => seq)).size)
  })

  it('sends copies of an event with it, as many as the seed says, and the plan is none the longer for it', () => {
    const scenario = { ...load.scenario, copiesMax: 5 }
    const made = play(agendaOf({ load: { ...load, scenario }, retries: undefined }), () => 'accepted')
    const counts = [...Map.groupBy(made, ({ seq }) => seq).values()].map((copies) => {
      expect(new Set(copies.map(({ intendedMs }) => intendedMs)).size).toBe(1)
      return copies.length
    })
    expect(new Set(counts)).toEqual(new Set([1, 2, 3, 4, 5]))
    expect(counts.length).toBe(play(agendaOf(), () => 'accepted').length)
  })

  it('leaves out what would come after the tail, and counts it; without retries nothing comes again', () => {
    const agenda = agendaOf({ retries: { timeScale: 10, tailMs: 50 } })
    const made = play(agenda, () => 'refused')
    expect(Math.max(...made.map(({ intendedMs }) => intendedMs))).toBeLessThanOrEqual(2_050)
    expect(agenda.cutOff).toBeGreaterThan(0)
    expect(play(agendaOf({ retries: undefined }), () => 'refused').every(({ attempt }) => attempt === 1)).toBe(true)
  })
})

describe('the heap', () => {
  it('gives what was put in, the least first, equals in their order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (numbers) => {
        const heap = new Heap<{ n: number; at: number }>((a, b) => a.n < b.n)
        for (const [at, n] of numbers.entries()) heap.push({ n, at })
        const out = numbers.map(() => heap.pop()!)
        expect(out).toEqual(numbers.map((n, at) => ({ n, at })).toSorted((a, b) => a.n - b.n || a.at - b.at))
        expect(heap.pop()).toBeUndefined()
      }),
    )
  })
})
