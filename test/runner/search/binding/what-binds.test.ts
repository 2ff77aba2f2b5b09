import { describe, expect, it, vi } from 'vitest'
import type { Resource } from '../../../../src/runner/records/intervention.ts'
import type { Binding } from '../../../../src/runner/search/binding/binding-schema.ts'
import { candidatesOf, ceilingWithLess, littleOf } from '../../../../src/runner/search/binding/resources.ts'
import { gainWithout, sharesOf, sumOf } from '../../../../src/runner/search/binding/shares.ts'
import { bindingStep, experimentsLeft } from '../../../../src/runner/search/binding/what-binds.ts'
import type { TrialRecord } from '../../../../src/runner/search/ceiling-schema.ts'
import { GOAL } from '../../../../src/runner/search/search.ts'
import { ceilingOf, type NumberedService, SOUND, trialsOn } from './numbered-service.ts'

// Arithmetic alone, a second or two of it; a busy machine may take longer.
vi.setConfig({ testTimeout: 120_000 })

/** The experiments with a service of which the ceiling is known to 3%. `seen`: what becomes of a trial. */
function askedOf(
  service: NumberedService,
  seed: number,
  seen = (trial: TrialRecord) => trial,
): { binding: Binding; trials: TrialRecord[] } {
  const tried = trialsOn(service, seed)
  const ceilingPerS = ceilingOf(service) * (1 + 0.06 * ((seed % 10) / 10 - 0.45))
  const soak = { ...tried('soak', ceilingPerS * 0.85), outcome: 'passed' } as const
  const trials: TrialRecord[] = [soak]
  const asked = { ceilingPerS, goal: { ...GOAL, ratePerSMax: 100_000 }, verifiesApart: service.verifyingMs > 0 }
  for (;;) {
    const step = bindingStep(trials, asked)
    if (step.next === undefined) return { binding: step.binding!, trials }
    const { purpose, ratePerS, intervention } = step.next
    trials.push(seen(tried(purpose, ratePerS, intervention)))
  }
}

/** The senders of such trials are late. */
const lateIn =
  (isLate: (trial: TrialRecord) => boolean) =>
  (trial: TrialRecord): TrialRecord =>
    isLate(trial) ? { ...trial, outcome: 'invalid', sender: 'late' } : trial

const PLANTED: readonly (readonly [string, Resource, NumberedService])[] = [
  ['CPU of the main thread', 'receiving-thread', { ...SOUND, stages: { ...SOUND.stages, effect: 0.06 } }],
  ['slow HMAC threads', 'verifying-threads', { ...SOUND, stages: { ...SOUND.stages, verify: 0 }, verifyingMs: 0.25 }],
  ['a slow sync', 'disk-sync', { ...SOUND, sync: { ms: 20, events: 60 } }],
  ['broker latency behind a cap', 'queue-latency', { ...SOUND, publish: { ms: 40, events: 50, most: 4 } }],
  ['too few cores', 'cores', { ...SOUND, cores: { most: 2, perEventMs: 0.3 } }],
  ['slow effects', 'effect-latency', { ...SOUND, batch: { ms: 200, events: 256, most: 2 } }],
]
const SEEDS = [1, 2, 3]

describe('a planted bottleneck', () => {
  it.each(PLANTED)('%s is named, and the ceiling with its delay predicted within 15%%', (_what, resource, service) => {
    for (const seed of SEEDS) {
      const { binding } = askedOf(service, seed)
      expect(binding.binds, `seed ${seed}`).toBe(resource)
      const { predictedPerS, found, halved } = binding.resources.find((one) => one.resource === resource)!
      expect(Math.abs(found!.mid / predictedPerS! - 1), `seed ${seed}`).toBeLessThan(0.15)
      expect(halved === null, `seed ${seed}`).toBe(resource === 'cores')
    }
  })
})

describe('a ceiling with a delay', () => {
  it.each(PLANTED)(
    '%s: is not known where no trial of it counted, and then it does not bind',
    (_what, resource, service) => {
      const late = lateIn(({ purpose }) => purpose === 'bound')
      const { binds, resources, open } = askedOf(service, 1, late).binding
      expect({ binds, open }).toEqual({ binds: null, open: [] })
      expect(resources.find((one) => one.resource === resource)).toMatchObject({
        ...{ delayed: true, binds: null, predictedPerS: null, found: null, halved: null },
      })
    },
  )

  it('is not known where all of them failed: what binds is another', () => {
    const fails = (trial: TrialRecord): TrialRecord =>
      trial.purpose === 'bound' ? { ...trial, outcome: 'failed' } : trial
    expect(askedOf(PLANTED[2]![2], 1, fails).binding).toMatchObject({ binds: null })
  })
})

describe('a thread that binds', () => {
  const service: NumberedService = { ...SOUND, stages: { ...SOUND.stages, effect: 0.04 } }
  const whole = Object.values(service.stages).reduce((sum, ms) => sum + ms, 0)

  it('has the shares of its stages told, which sum to 1 with what is none of them', () => {
    const restShare = service.stages.rest / whole
    const held = SEEDS.filter((seed) => {
      const { parts, rest, whole: isWhole } = askedOf(service, seed).binding.stages!
      expect(parts[0]!.part).toBe('effect')
      for (const { part, share } of parts)
        expect(Math.abs(share - service.stages[part] / whole), part).toBeLessThan(0.05)
      expect(parts.reduce((sum, { share }) => sum + share, rest.share)).toBeCloseTo(1)
      expect(isWhole).toBe(true)
      return rest.low <= restShare && rest.high >= restShare
    })
    // An interval that holds the truth with 90%.
    expect(held.length).toBeGreaterThanOrEqual(SEEDS.length - 1)
  })

  it('has no shares told where the sender was late all the time', () => {
    const { trials } = askedOf(service, 1)
    const late = trials.map((one) => (one.purpose === 'share' ? { ...one, sender: 'late' as const } : one))
    const ceilingPerS = ceilingOf(service) * (1 + 0.06 * (0.1 - 0.45))
    const asked = { ceilingPerS, goal: { ...GOAL, ratePerSMax: 100_000 }, verifiesApart: false }
    for (let more = 0; more < 60; more++) {
      const step = bindingStep(late, asked)
      if (step.next === undefined) {
        expect(step.binding).toMatchObject({ binds: 'receiving-thread', stages: null, confirmed: null })
        return
      }
      late.push({ ...trialsOn(service, 9)('share', 1, step.next.intervention), sender: 'late', purpose: 'share' })
    }
    expect.unreachable('it asks for ever')
  })

  it('has a prediction confirmed by a run: the largest stage done twice', () => {
    for (const seed of SEEDS) {
      const { stage, predictedPerS, found } = askedOf(service, seed).binding.confirmed!
      expect(stage).toBe('effect')
      expect(Math.abs(found!.mid / predictedPerS - 1)).toBeLessThan(0.15)
    }
  })

  it('is not confirmed by what was predicted: no trial of it counted', () => {
    const late = lateIn(({ purpose, intervention }) => purpose === 'bound' && intervention?.what === 'twice')
    const { confirmed, open } = askedOf(service, 1, late).binding
    expect({ confirmed, open }).toMatchObject({ confirmed: { stage: 'effect', found: null }, open: [] })
    expect(confirmed!.predictedPerS).toBeGreaterThan(0)
  })

  it('takes no more than 60 trials', () => {
    for (const seed of SEEDS) expect(askedOf(service, seed).trials.length).toBeLessThanOrEqual(60)
  })
})

describe('the next experiment', () => {
  it('follows from the trials alone', () => {
    const service = PLANTED[2]![2]
    const { trials } = askedOf(service, 1)
    const ceilingPerS = ceilingOf(service) * (1 + 0.06 * (0.1 - 0.45))
    const asked = { ceilingPerS, goal: { ...GOAL, ratePerSMax: 100_000 }, verifiesApart: false }
    for (let count = 1; count < trials.length; count++) {
      const { purpose, ratePerS, intervention } = trials[count]!
      expect(bindingStep(trials.slice(0, count), asked).next).toEqual({ purpose, ratePerS, intervention })
    }
  })

  it('is none where time is over: what was left open is told, and what was known before stays', () => {
    const service = PLANTED[0]![2]
    const { trials, binding } = askedOf(service, 1)
    const ceilingPerS = ceilingOf(service) * (1 + 0.06 * (0.1 - 0.45))
    const asked = { ceilingPerS, goal: { ...GOAL, ratePerSMax: 100_000 }, verifiesApart: false }
    const overAfter = (count: number) => {
      const step = bindingStep(trials.slice(0, count), asked, true)
      return step.next === undefined ? step.binding! : expect.unreachable('it goes on')
    }
    expect(overAfter(1)).toMatchObject({ binds: null, stages: null })
    expect(overAfter(1).open).toContain('receiving-thread')
    const firstShare = trials.findIndex(({ purpose }) => purpose === 'share')
    expect(overAfter(firstShare)).toMatchObject({ binds: 'receiving-thread', open: ['stages'], stages: null })
    expect(overAfter(trials.length - 1)).toMatchObject({ open: ['confirmation'], stages: binding.stages })
    expect(overAfter(trials.length)).toEqual(binding)
    const left = [1, firstShare, trials.length].map((count) => experimentsLeft(trials.slice(0, count), asked))
    expect(left[0]).toBeGreaterThan(left[1]!)
    expect(left[1]).toBeGreaterThan(left[2]!)
  })

  it('is none for what is hardly in use: it cannot bind', () => {
    const { binding, trials } = askedOf(PLANTED[2]![2], 1)
    const idle = binding.resources.filter(({ delayed }) => !delayed)
    expect(idle.map(({ binds }) => binds)).toEqual(idle.map(() => false))
    expect(idle.length).toBeGreaterThan(0)
    for (const { resource } of idle) {
      expect(trials.some(({ intervention }) => JSON.stringify(intervention ?? {}).includes(resource))).toBe(false)
    }
  })

  it('is none where no load held', () => {
    const asked = { ceilingPerS: 1_000, goal: { ...GOAL, ratePerSMax: 100_000 }, verifiesApart: false }
    expect(bindingStep([], asked)).toEqual({ next: undefined, binding: null })
  })
})

describe('the arithmetic', () => {
  it('a stage of a fifth gains a quarter when it is gone', () => {
    expect(gainWithout(0.2)).toBeCloseTo(1.25)
  })

  it('shares have intervals by rounds, and those of a sum add up', () => {
    const round = (base: number) => ({ base, with: { http: 0.4 * base, effect: 1.35 * base } })
    const shares = sharesOf([round(100), round(110), round(90)], { http: 'alone', effect: 'added' })
    expect(shares.http.share).toBeCloseTo(0.4)
    expect(shares.effect.share).toBeCloseTo(0.35)
    const { sum, rest } = sumOf([
      { share: 0.4, low: 0.37, high: 0.43 },
      { share: 0.35, low: 0.31, high: 0.39 },
    ])
    // The thread as it was is a part of all of them, so that half of their errors goes the same way.
    const reach = Math.sqrt((0.03 ** 2 + 0.04 ** 2 + (0.03 + 0.04) ** 2) / 2)
    expect(sum).toEqual({ share: 0.75, low: expect.closeTo(0.75 - reach), high: expect.closeTo(0.75 + reach) })
    expect(rest.share).toBeCloseTo(0.25)
  })

  it('a delay is as long as what it delays, and at least what timers keep', () => {
    const candidates = candidatesOf(trialsOn(SOUND, 1)('soak', 5_000), { ceilingPerS: 9_000, verifiesApart: false })
    expect(candidates.map(({ resource }) => resource).toSorted()).toEqual(
      ['receiving-thread', 'disk-sync', 'queue-latency', 'effect-latency'].toSorted(),
    )
    for (const { resource, addMs, timeMs, busy, factor } of candidates) {
      expect(addMs).toBeGreaterThan(0)
      // Of a wait with the gap until the next one takes its place.
      const takesMs = resource.endsWith('thread') ? timeMs : timeMs / Math.min(1, busy)
      expect(factor).toBeCloseTo(takesMs / (takesMs + addMs))
    }
  })

  it('cores are asked only where hardly anything is left of them, with what senders use', () => {
    const service = { ...SOUND, cores: { most: 2, perEventMs: 0.15 } }
    const base = trialsOn(service, 1)('soak', 8_000)
    const isAsked = (senders: number) =>
      candidatesOf({ ...base, cpuPer1000: { 'sender 1': senders } }, { ceilingPerS: 9_000, verifiesApart: false }).some(
        ({ resource }) => resource === 'cores',
      )
    expect([isAsked(0.01), isAsked(0.06)]).toEqual([false, true])
  })

  it('half of the time of what binds gains twice the ceiling, or less where a thread or the cores would bind before', () => {
    const thread = { resource: 'receiving-thread', process: 'receiver + processor', timeMs: 0.1, busy: 0.9 } as const
    const base = { ...trialsOn({ ...SOUND, cores: { most: 2, perEventMs: 0.14 } }, 1)('soak', 8_000), cpuPer1000: {} }
    const asked = { ceilingPerS: 9_000, verifiesApart: false }
    expect(ceilingWithLess(thread, 0.05, base, asked)).toEqual({ perS: 18_000, next: null })
    const shared = { ...base, cpuPer1000: { 'sender 1': 0.06 } }
    // 0.14 - 0.05 + 0.06 ms of two cores for each event.
    const { perS, next } = ceilingWithLess(thread, 0.05, shared, asked)
    expect({ perS: Math.abs(perS / 13_333 - 1) < 0.05, next }).toEqual({ perS: true, next: 'cores' })
    const sync = { resource: 'disk-sync', process: 'receiver + processor', timeMs: 20, busy: 1 } as const
    expect(ceilingWithLess(sync, 10, { ...base, cores: null }, asked).next).toBe('receiving-thread')
  })

  it('Little’s law tells of calls that are in hand and never end', () => {
    const [usage] = trialsOn(SOUND, 1)('soak', 5_000).usages
    expect(littleOf([usage!]).every(({ ok }) => ok)).toBe(true)
    const { requests } = usage!.flows
    const leaking = {
      ...usage!,
      flows: { ...usage!.flows, requests: { ...requests, inHandMs: requests.inHandMs * 1.1 } },
    }
    expect(littleOf([leaking]).filter(({ ok }) => !ok)).toMatchObject([{ flow: 'requests' }])
  })

  it('Little’s law is asked of senders too', () => {
    const attempts = { calls: 5_000, items: 5_000, tookMs: 20_000, inHandMs: 20_000 }
    const sender = { name: 'sender 1', spanMs: 4_000, attempts }
    expect(littleOf([], [sender])).toMatchObject([{ process: 'sender 1', flow: 'attempts', inHand: 5, ok: true }])
    const leaking = { ...sender, attempts: { ...attempts, inHandMs: 24_000 } }
    expect(littleOf([], [leaking])).toMatchObject([{ ok: false }])
  })
})
