import { describe, expect, it } from 'vitest'
import type { Check } from '../../../src/runner/report/check.ts'
import type { Percentiles } from '../../../src/runner/report/latency/percentiles.ts'
import { judge, outcomeOf } from '../../../src/runner/search/judge.ts'

const DURATION_MS = 6_000
const STEP_MS = 500
const quick: Percentiles = { count: 600, p50: between(1), p99: between(20), maxMs: 30 }
const slow: Percentiles = { count: 600, p50: between(1), p99: between(80), maxMs: 90 }
const unsure: Percentiles = { count: 600, p50: between(1), p90: between(10), maxMs: 40 }

const late: Percentiles = { count: 600, p50: between(1_500), p99: between(2_000), maxMs: 2_500 }
const lateAtTimes: Percentiles = { count: 600, p50: between(10), p90: between(100), maxMs: 900 }

const NEVER: Percentiles = { count: 0 }
const SILENT = { address: 'http://127.0.0.1:1/', followed: false }
/** Nothing is known of what was above the mark. */
const NONE = { count: 0, share: 0, episodes: 0 }
const judged = (...of: Parameters<typeof judge>) => outcomeOf(judge(...of))

function between(ms: number) {
  return { ms, lowMs: ms * 0.8, highMs: ms * 1.2 }
}

/** Every third step has the rest of a batch in it. */
const batches = (few: number, many: number) => (at: number) => (at % 3 === 0 ? many : few)

interface Rates {
  readonly offered?: number
  readonly toEffect?: Percentiles
  /** Or in the n-th step. */
  readonly effects?: number | ((at: number) => number)
  readonly waits?: Percentiles
  readonly target?: Parameters<typeof judge>[0]['target']
}

/** A run of which each second `offered` events were offered and `effects` took effect. */
function report(
  failed: Partial<Record<string, boolean | null>> = {},
  { offered = 100, effects = 100, waits = quick, toEffect = quick, target }: Rates = {},
) {
  const about = (id: string): Check['about'] => (id.startsWith('generator') ? 'generator' : 'stack')
  const ids = [
    'generator-rate',
    'generator-lateness',
    'generator-unsent',
    'lost',
    'refused',
    'drained',
    'looked-long-enough',
    'effects-followed',
  ]
  const checks: Check[] = ids.map((id) => ({
    ...{ id, about: about(id), severity: id === 'lost' ? 'harm' : 'limit', values: {} },
    ok: id in failed ? failed[id]! : true,
  }))
  const points = Array.from({ length: DURATION_MS / STEP_MS + 4 }, (_, at) => ({
    atMs: at * STEP_MS,
    offered,
    accepted: offered,
    effects: typeof effects === 'number' ? effects : effects(at),
  }))
  const held = { fromMs: 1_800, untilMs: DURATION_MS, acceptedFirst: waits, eventToEffect: toEffect }
  const setup = { acceptP99Ms: 50, effectP99Ms: 1_000 }
  const latency = { phases: [held] }
  return {
    checks,
    timeline: { stepMs: STEP_MS, points },
    scenario: { durationMs: DURATION_MS },
    latency,
    setup,
    target,
  } as unknown as Parameters<typeof judge>[0]
}

describe('what a run says of its load', () => {
  it.each([
    ['everything is well', {}, {}, 'passed', null],
    ['an event is lost', { lost: false }, {}, 'failed', 'harm'],
    ['an event is refused', { refused: false }, {}, 'failed', 'refusals'],
    ['the p99 is above its mark', {}, { waits: slow }, 'failed', 'response'],
    ['the p99 is undecided', {}, { waits: unsure }, 'undecided', 'response'],
    ['it does not drain', { drained: false }, {}, 'failed', 'backlog'],
    ['what did not drain counts as lost', { drained: false, lost: false }, {}, 'failed', 'backlog'],
    ['a target tells nothing of its effects', {}, { toEffect: NEVER, effects: 0, target: SILENT }, 'passed', null],
    [
      'a target does not tell when',
      {},
      { toEffect: NEVER, effects: 0, target: { ...SILENT, followed: true } },
      'passed',
      null,
    ],
    ['a target stops telling of its effects', { 'effects-followed': null }, { effects: 50 }, 'invalid', null],
    [
      'a target stops telling, and refuses events',
      { 'effects-followed': null, refused: false },
      {},
      'failed',
      'refusals',
    ],
    ['a target stops telling, and an event is lost', { 'effects-followed': null, lost: false }, {}, 'failed', 'harm'],
    ['no effect of ours takes place', {}, { toEffect: NEVER, effects: 0 }, 'failed', 'backlog'],
    ['the effects are late', {}, { toEffect: late }, 'failed', 'effect'],
    ['the effects may be late', {}, { toEffect: lateAtTimes }, 'undecided', 'effect'],
    ['the backlog grows', {}, { effects: 90 }, 'failed', 'backlog'],
    ['the backlog grows slowly, and all the time', {}, { effects: 98 }, 'failed', 'backlog'],
    ['effects come in batches, and the last one later', {}, { effects: batches(90, 120) }, 'passed', null],
    ['batches are so large that nothing can be said', {}, { effects: batches(76, 148) }, 'undecided', 'backlog'],
    ['batches are large and the backlog grows', {}, { effects: batches(70, 130) }, 'failed', 'backlog'],
    ['the sender is late', { 'generator-lateness': false }, {}, 'invalid', null],
    ['the sender is late and the backlog grows', { 'generator-lateness': false }, { effects: 90 }, 'failed', 'backlog'],
    ['the sender is late and the p99 too', { 'generator-lateness': false }, { waits: slow }, 'invalid', null],
    ['less was offered, and the backlog grows', { 'generator-rate': false }, { effects: 90 }, 'invalid', null],
    ['less was offered, and an event is lost', { 'generator-rate': false, lost: false }, {}, 'failed', 'harm'],
  ] as const)('%s', (_what, failed, rates, outcome, limit) => {
    expect(judged(report(failed, rates), { soaks: true, sampleP99Ms: 45, aboveMark: NONE })).toEqual({ outcome, limit })
  })

  it('a trial that was not to watch for late effects is not judged by that', () => {
    const unwatched = report({ 'looked-long-enough': null })
    expect(judged(unwatched, { soaks: true, sampleP99Ms: 45, aboveMark: NONE })).toEqual({
      outcome: 'undecided',
      limit: 'other',
    })
    expect(judged(unwatched, { soaks: false, sampleP99Ms: 45, aboveMark: NONE })).toEqual({
      outcome: 'passed',
      limit: null,
    })
  })

  it.each([
    ['within the mark', 50, 'passed'],
    ['above it', 51, 'failed'],
    ['none', null, 'undecided'],
  ])('without an interval the search goes by the p99 as it came out: %s', (_what, sampleP99Ms, outcome) => {
    expect(judged(report({}, { waits: unsure }), { soaks: false, sampleP99Ms, aboveMark: NONE }).outcome).toBe(outcome)
    expect(judged(report({}, { waits: unsure }), { soaks: true, sampleP99Ms, aboveMark: NONE }).outcome).toBe(
      'undecided',
    )
  })

  it.each([
    ['nothing of many', { count: 5_000, share: 0, episodes: 0 }, 'passed'],
    ['nothing of few', { count: 200, share: 0, episodes: 0 }, 'undecided'],
    ['one short episode', { count: 5_000, share: 0.002, episodes: 1 }, 'passed'],
    ['one long episode: another may come', { count: 5_000, share: 0.004, episodes: 1 }, 'undecided'],
    ['several', { count: 5_000, share: 0.008, episodes: 8 }, 'undecided'],
  ] as const)('a soak without a p99 goes by what was above the mark: %s', (_what, aboveMark, outcome) => {
    const soak = { soaks: true, sampleP99Ms: 45, aboveMark }
    expect(judged(report({}, { waits: unsure }), soak).outcome).toBe(outcome)
    expect(judged(report({}, { waits: slow }), soak).outcome).toBe('failed')
  })

  it('counts what was done once the pipeline was full', () => {
    expect(
      judge(report({}, { offered: 100, effects: 95 }), { soaks: true, sampleP99Ms: 45, aboveMark: NONE }),
    ).toMatchObject({
      donePerS: 95,
      acceptedPerS: 100,
    })
  })
})

describe('the same run with another limit', () => {
  it.each([
    ['well above', 100, 'passed'],
    ['inside the interval, and the figure is within it', 20, 'passed'],
    ['inside the interval, and the figure is above', 19, 'failed'],
    ['below', 10, 'failed'],
  ])('%s', (_what, limitMs, outcome) => {
    expect(outcomeOf(judge(report(), { soaks: false, sampleP99Ms: 20, aboveMark: NONE }), { limitMs }).outcome).toBe(
      outcome,
    )
  })

  it('a backlog that grows is too much at any limit', () => {
    const backlog = judge(report({}, { effects: 90 }), { soaks: true, sampleP99Ms: 45, aboveMark: NONE })
    for (const limitMs of [1_000, Number.POSITIVE_INFINITY])
      expect(outcomeOf(backlog, { limitMs })).toEqual({ outcome: 'failed', limit: 'backlog' })
  })
})

describe('what is accepted, apart from what takes effect', () => {
  it.each([
    ['the backlog grows', {}, { effects: 50 }, 'passed'],
    ['it does not drain in time', { drained: false, lost: false }, { effects: 50 }, 'passed'],
    ['the effects are late', {}, { toEffect: late }, 'passed'],
    ['the answers are late', {}, { waits: slow }, 'failed'],
    ['an event is refused', { refused: false }, {}, 'failed'],
    ['an event is lost', { lost: false }, {}, 'failed'],
    ['the sender is late', { 'generator-lateness': false }, { effects: 50 }, 'invalid'],
  ] as const)('%s', (_what, failed, rates, outcome) => {
    const judgement = judge(report(failed, rates), { soaks: false, sampleP99Ms: 45, aboveMark: NONE })
    expect(outcomeOf(judgement, { aim: 'accept' }).outcome).toBe(outcome)
  })
})
