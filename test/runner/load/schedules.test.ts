import { describe, expect, it } from 'vitest'
import { providers } from '../../../providers/index.ts'
import type { Provider } from '../../../src/core/contracts/provider.ts'
import { Agenda } from '../../../src/runner/load/sender/agenda.ts'
import { arrivals, countArrivals } from '../../../src/runner/plan/arrivals.ts'
import { HOUR, MIN, SCHEDULES, type Schedule } from './schedules.ts'

/** What is a second in earnest is a millisecond here; times below are in earnest, s. */
const SCALE = 1_000
/** Two hours down; events come from half an hour before until half an hour after. */
const DOWN = { fromS: 0.5 * HOUR, untilS: 2.5 * HOUR }
const DURATION_S = 3 * HOUR
const TAIL_S = 12 * HOUR
const EVENTS_PER_S = 3
const WINDOW_S = 30 * MIN
/** Windows with fewer retries than this are taken together. */
const WINDOW_MIN = 2_000
const CLOSE = 0.02

const loadOf = (provider: string) => ({
  scenario: { shape: () => 1, mix: [{ provider, share: 1 }], keys: { count: 10, zipf: 0 } },
  durationMs: DURATION_S,
  ratePerS: EVENTS_PER_S * SCALE,
  seed: 7,
})
const seconds = () => new Float64Array(DURATION_S + TAIL_S)
const isDown = (atS: number) => atS >= DOWN.fromS && atS < DOWN.untilS

/** Retries expected in each second: those who failed in a second, moved by the next wait; in expectation over the jitter. */
function closedForm(
  { waitsS, jitter = 0, disabledAfterS = Number.POSITIVE_INFINITY }: Schedule,
  first: Float64Array,
): Float64Array {
  const retries = seconds()
  let failing = first.map((count, atS) => (isDown(atS) ? count : 0))
  for (const waitS of waitsS) {
    const next = moved(failing, waitS, jitter)
    failing = next.map((count, atS) => {
      const sent = atS < DOWN.fromS + disabledAfterS ? count : 0
      retries[atS]! += sent
      return isDown(atS) ? sent : 0
    })
  }
  return retries
}

function moved(mass: Float64Array, waitS: number, jitter: number): Float64Array {
  const out = seconds()
  const parts = Math.max(1, Math.ceil(2 * jitter * waitS))
  for (let part = 0; part < parts; part++) {
    const later = waitS * (1 - jitter + (2 * jitter * (part + 0.5)) / parts)
    const whole = Math.floor(later)
    for (let atS = DOWN.fromS; atS < DOWN.untilS && atS + whole + 1 < out.length; atS++) {
      out[atS + whole]! += (mass[atS]! / parts) * (1 - (later - whole))
      out[atS + whole + 1]! += (mass[atS]! / parts) * (later - whole)
    }
  }
  return out
}

/** What the sender's agenda sends in each second, where nobody listens while all is down: each attempt ends at once. */
function played(provider: Provider): Float64Array {
  const retries = seconds()
  const policies = [provider.delivery]
  const options = { senders: { index: 0, count: 1 }, policies, retries: { timeScale: SCALE, tailMs: TAIL_S } }
  const agenda = new Agenda({ load: loadOf(provider.name), ...options })
  for (let due = agenda.peek(); due; due = agenda.peek()) {
    const { intendedMs: doneMs, attempt } = due
    const copy = { ...due }
    agenda.drop()
    if (agenda.disabled(copy)) continue
    if (attempt > 1) retries[Math.floor(doneMs)]!++
    const how = isDown(doneMs)
      ? ({ outcome: 'refused', status: 0, cause: 'connect' } as const)
      : ({ outcome: 'accepted', status: 200, cause: 'none' } as const)
    agenda.ended(copy, { ...how, attempt, doneMs, retryAfterS: undefined })
  }
  return retries
}

const sum = (of: Float64Array) => of.reduce((a, b) => a + b, 0)

/** Pairs of sums over half an hour each, where enough is expected; the others in one pair. */
function windows(expected: Float64Array, found: Float64Array): (readonly [number, number])[] {
  const pairs = Array.from({ length: Math.ceil(expected.length / WINDOW_S) }, (_, at) => {
    const part = (of: Float64Array) => sum(of.subarray(at * WINDOW_S, (at + 1) * WINDOW_S))
    return [part(expected), part(found)] as const
  })
  const few = pairs.filter(([count]) => count < WINDOW_MIN)
  const rest = few.reduce<readonly [number, number]>(([a, b], [c, d]) => [a + c, b + d], [0, 0])
  return [...pairs.filter(([count]) => count >= WINDOW_MIN), rest]
}

describe('the retries that an outage of two hours makes', () => {
  it('are written down here for every provider', () => {
    expect(Object.keys(SCHEDULES).toSorted()).toEqual(Object.keys(providers).toSorted())
  })

  it('come of events at the rate that was asked for', () => {
    expect(Math.abs(countArrivals(loadOf('any'), DURATION_S) / (EVENTS_PER_S * DURATION_S) - 1)).toBeLessThan(CLOSE)
  })

  for (const name of Object.keys(SCHEDULES) as (keyof typeof providers)[]) {
    it(`match the closed form of ${name}'s schedule within 2%, in all and in every half-hour`, async () => {
      const { default: provider } = await providers[name]()
      const first = seconds()
      for (const { intendedMs } of arrivals(loadOf(name))) first[Math.floor(intendedMs)]!++
      const expected = closedForm(SCHEDULES[name]!, first)
      const found = played(provider)
      const { waitsS } = SCHEDULES[name]!
      expect(sum(found) > 0).toBe(waitsS.length > 0)
      for (const [wanted, is] of [[sum(expected), sum(found)] as const, ...windows(expected, found)]) {
        expect(Math.abs(is - wanted), `${is} for ${wanted.toFixed(1)}`).toBeLessThanOrEqual(
          CLOSE * Math.max(wanted, WINDOW_MIN),
        )
      }
    })
  }
})
