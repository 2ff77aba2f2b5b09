import { describe, expect, it } from 'vitest'
import { comparisonOf } from '../../../src/runner/compare/comparison.ts'
import { comparisonSchema } from '../../../src/runner/compare/comparison-schema.ts'
import { differenceOf } from '../../../src/runner/compare/difference.ts'
import { classesOf } from '../../../src/runner/compare/rank.ts'
import { TAKEOVER, takeoverOf } from '../../../src/runner/compare/takeover.ts'
import type { JudgedRun } from '../../../src/runner/report/judged-run.ts'
import { type MadeUpStack, madeUpTurns, turn } from './made-up-turns.ts'

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1)
const ROUNDS = 6

/** In how many of the seeds the second stack is told from the first. */
function found(second: MadeUpStack): number {
  return SEEDS.filter((seed) => {
    const { rows } = classesOf(madeUpTurns(seed, [{ name: 'a' }, second], ROUNDS), true)[0]!
    return rows.some(({ place }) => place === 'behind')
  }).length
}

describe('a comparison of stacks whose truth is known', () => {
  it('finds no difference between a stack and itself, in at least 18 of 20', () => {
    expect(found({ name: 'b' })).toBeLessThanOrEqual(2)
  })

  it('finds a copy that is slower by 10%, in at least 18 of 20', () => {
    expect(found({ name: 'b', slower: 1.1 })).toBeGreaterThanOrEqual(18)
  })

  it('does not find more where more stacks could come out first by chance', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const wrong = SEEDS.filter((seed) => {
      const turns = madeUpTurns(
        seed,
        names.map((name) => ({ name })),
        ROUNDS,
      )
      return classesOf(turns, true)[0]!.rows.some(({ place }) => place === 'behind')
    })
    expect(wrong.length).toBeLessThanOrEqual(2)
  })

  it('holds the true ratio in its interval', () => {
    const held = SEEDS.filter((seed) => {
      const turns = madeUpTurns(seed, [{ name: 'a' }, { name: 'b', slower: 1.3 }], ROUNDS)
      const of = (name: string) => turns.filter(({ stack }) => stack === name).map(({ waits }) => waits.p50Ms!)
      const pairs = of('a').map((value, at) => [value, of('b')[at]!] as const)
      const { low, high } = differenceOf(pairs, 0.95)!
      return low <= 1.3 && 1.3 <= high
    })
    expect(held.length).toBeGreaterThanOrEqual(17)
  })
})

const BUSY = { othersCores: 0.5, stolen: 0 }
const ABOUT = {
  ...{ scenarios: [{ scenario: 'flash-sale', acceptP99Ms: 500 }], startedAt: 'now', interrupted: false, seed: 1 },
  ...{ rounds: 4, command: 'npm run compare' },
  environment: { node: '', platform: '', cpu: '', cores: 2, memoryBytes: 1 },
}

describe('the ranks', () => {
  const rounds = [0, 1, 2, 3]
  const steady = (stack: string, p99Ms: number, survives?: string[]) =>
    rounds.map((round) => ({
      ...turn(stack, round, survives),
      waits: { ...turn(stack, round).waits, p99Ms: p99Ms + round / 100 },
    }))
  const placesOf = (turns: Parameters<typeof classesOf>[0], ranked = true) =>
    classesOf(turns, ranked).map(({ rows }) => rows.map(({ stack, place, why }) => [stack, place, why]))

  it('never put stacks together that survive different failures, or that only promise it', () => {
    const promised = steady('c', 1).map((one) => ({
      ...one,
      durability: { ...one.durability, queue: { ...one.durability.queue, basis: 'settings' as const } },
    }))
    expect(placesOf([...steady('a', 10), ...steady('b', 5, []), ...promised])).toEqual([
      [['a', 'first', null]],
      [['c', 'first', null]],
      [['b', 'first', null]],
    ])
  })

  it('go by the failures that every run of a stack has shown to be survived', () => {
    const once = steady('a', 10, ['receiver-crash', 'power-loss'])
    const least = [{ ...turn('a', 4), waits: once[0]!.waits }]
    expect(classesOf([...once, ...least], true)[0]!.queue.survives).toEqual(['receiver-crash'])
  })

  it('leave out a stack that fails, however quick it is, and say why', () => {
    const fails = steady('b', 1).map((one) => ({ ...one, verdict: 'FAIL' as const, failed: ['lost'] }))
    expect(placesOf([...steady('a', 10), ...fails])).toEqual([
      [
        ['a', 'first', null],
        ['b', 'unranked', 'fails'],
      ],
    ])
  })

  it('leave out a stack with too few runs that count: an INVALID run is about the sender', () => {
    const few = steady('b', 1).map((one) => (one.round < 2 ? { ...one, verdict: 'INVALID' as const } : one))
    const { rows } = classesOf([...steady('a', 10), ...few], true)[0]!
    expect(rows[1]).toMatchObject({ stack: 'b', runs: 2, invalid: 2, place: 'unranked', why: 'too-few-runs' })
  })

  it('leave out a stack whose runs are of other rounds than those of the first', () => {
    const apart = steady('b', 20).filter(({ round }) => round < 3)
    const late = steady('a', 10).map((one) => ({ ...one, round: one.round + 2 }))
    const [, b] = classesOf([...late, ...apart], true)[0]!.rows
    expect([b!.stack, b!.runs, b!.why]).toEqual(['b', 3, 'rounds-apart'])
  })

  it('leave out a stack that accepted nothing in some run: there is no p99 to go by', () => {
    const none = steady('b', 1).map((one) => (one.round === 2 ? { ...one, waits: { ...one.waits, p99Ms: null } } : one))
    expect(placesOf([...steady('a', 10), ...none])[0]![1]).toEqual(['b', 'unranked', 'nothing-accepted'])
  })

  it('do not blame a stack for being slow beside something else, but for what it lost', () => {
    const slow = { ...turn('b', 0), machine: BUSY, verdict: 'FAIL' as const, failed: ['accept-p99'] }
    const others = steady('b', 1).slice(1)
    expect(placesOf([...steady('a', 10), slow, ...others], false)[0]![0]).toEqual(['b', 'first', null])
    const lost = { ...slow, failed: ['lost'], harm: { ...slow.harm, lost: 1 } }
    expect(placesOf([...steady('a', 10), lost, ...others], false)[0]![1]).toEqual(['b', 'unranked', 'fails'])
  })

  it('count a run that was made again once, and the quiet one, also where busy ones are forced', () => {
    const busy = steady('a', 900).map((one) => ({ ...one, machine: BUSY }))
    const { rows } = classesOf([...busy, ...steady('a', 10), ...steady('b', 20)], true)[0]!
    expect(rows.map(({ stack, runs }) => [stack, runs])).toEqual([
      ['a', 4],
      ['b', 4],
    ])
  })

  it('count no run beside which the machine did something else as well, unless it is forced', () => {
    const busy = steady('a', 10).map((one) => ({ ...one, machine: BUSY }))
    const refused = comparisonSchema.parse(comparisonOf([...busy, ...steady('b', 5)], { ...ABOUT, forced: false }))
    expect(refused).toMatchObject({ notRanked: null, busyRuns: 4 })
    const [b, a] = refused.scenarios[0]!.classes[0]!.rows
    expect([b!.place, a!.place, a!.why, a!.busy]).toEqual(['first', 'unranked', 'not-ranked', 4])
    // One busy run of four leaves three.
    const once = steady('a', 10).map((one) => (one.round === 0 ? { ...one, machine: BUSY } : one))
    const left = comparisonOf([...once, ...steady('b', 5)], { ...ABOUT, forced: false })
    expect(left.scenarios[0]!.classes[0]!.rows.map(({ stack, runs, why }) => [stack, runs, why])).toEqual([
      ['b', 4, null],
      ['a', 3, null],
    ])
    const none = comparisonOf([...busy, ...steady('b', 5).map((one) => ({ ...one, machine: BUSY }))], {
      ...ABOUT,
      forced: false,
    })
    expect(none.notRanked).toBe('busy')
    const forced = comparisonOf([...busy, ...steady('b', 5)], { ...ABOUT, forced: true })
    expect(forced.scenarios[0]!.classes[0]!.rows.map(({ stack }) => stack)).toEqual(['b', 'a'])
  })

  it('say of each stack how long its worst kill was felt, and count no kill among its runs', () => {
    const kills = [800, 1_200].map((takeoverMs, round) => ({ ...turn('a', round), scenario: TAKEOVER, takeoverMs }))
    const { busyRuns, scenarios } = comparisonOf(
      [...steady('a', 10), ...steady('b', 5), ...kills.map((one) => ({ ...one, machine: BUSY }))],
      { ...ABOUT, forced: false },
    )
    expect(busyRuns).toBe(0)
    expect(scenarios[0]!.classes[0]!.rows.map((row) => [row.stack, row.runs, row.takeoverMs])).toEqual([
      ['b', 4, null],
      ['a', 4, 1_200],
    ])
  })
})

describe('the time after a kill', () => {
  const kill = { kind: 'kill', fault: { strikes: 'stack' }, fromMs: 1_000, untilMs: 1_500 }
  const run = (faults: unknown[], effectsAtMs: number[]) =>
    ({
      record: { faults },
      planned: effectsAtMs.length,
      attempts: () =>
        effectsAtMs.map((_, seq) => ({ seq, outcome: 'accepted', doneMs: seq === 3 ? 1_001 : 900 + seq })),
      effects: () => [...effectsAtMs.map((atMs, seq) => ({ seq, atMs })), { seq: 0, atMs: 9_000 }],
    }) as unknown as JudgedRun

  it('goes until the last event that was accepted before took effect for the first time', () => {
    // The first took effect before the kill and comes again later; the last was accepted after it.
    expect(takeoverOf(run([kill], [950, 1_800, 2_400, 5_000]))).toBe(1_400)
  })

  it('goes until anything takes effect again where nothing was in hand', () => {
    expect(takeoverOf(run([kill], [950, 960, 970, 1_700]))).toBe(700)
  })

  it('is not known where no process was killed, or nothing took effect afterwards', () => {
    expect(takeoverOf(run([], [950, 1_800]))).toBeNull()
    expect(takeoverOf(run([{ ...kill, fault: { strikes: 'queue-server' } }], [950, 1_800]))).toBeNull()
    expect(takeoverOf(run([kill], [950, 960]))).toBeNull()
  })
})
