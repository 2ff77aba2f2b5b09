import { describe, expect, it } from 'vitest'
import { leftOut, turnsLeft } from '../../../src/runner/compare/counted.ts'
import { stacksOf, variedOf } from '../../../src/runner/compare/stacks.ts'
import { TAKEOVER } from '../../../src/runner/compare/takeover.ts'
import type { TurnFigures } from '../../../src/runner/compare/turn-schema.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { turn } from './made-up-turns.ts'

const stacks = stacksOf(settingsOf('flash-sale', {}).settings, [variedOf('queue=embedded,memory')])
const [a, b] = stacks.map(({ name }) => name) as [string, string]
const wanted = { scenarios: ['flash-sale'], stacks, rounds: 2, forced: false }
const left = (turns: readonly TurnFigures[], forced = false) =>
  turnsLeft({ ...wanted, forced }, turns).map(({ scenario, stack, round }) => [scenario, stack.name, round])
const kills = [a, b].map((stack) => ({ ...turn(stack, 0), scenario: TAKEOVER }))
const busy = { machine: { othersCores: 1, stolen: 0 } }

describe('a comparison that goes on', () => {
  it('begins with every stack in turns, and ends with a kill of each', () => {
    expect(left([])).toEqual([
      ['flash-sale', a, 0],
      ['flash-sale', b, 0],
      ['flash-sale', b, 1],
      ['flash-sale', a, 1],
      [TAKEOVER, a, 0],
      [TAKEOVER, b, 0],
    ])
  })

  it('kills nothing that is not ours', () => {
    const others = stacksOf(settingsOf('flash-sale', {}).settings, [
      variedOf('target=http://127.0.0.1:1,http://127.0.0.1:2'),
    ])
    const scenarios = turnsLeft({ ...wanted, stacks: others }, []).map(({ scenario }) => scenario)
    expect(scenarios).toEqual(Array.from({ length: 4 }, () => 'flash-sale'))
  })

  it('makes the runs again that do not count: on a busy machine, or with a sender that was late', () => {
    const late = { ...turn(b, 0), verdict: 'INVALID' as const }
    const done = [turn(a, 0), late, { ...turn(b, 1), ...busy }, turn(a, 1), ...kills]
    expect(left(done)).toEqual([
      ['flash-sale', b, 0],
      ['flash-sale', b, 1],
    ])
    expect(leftOut(done, false)).toBe(2)
    expect(left(done, true)).toEqual([['flash-sale', b, 0]])
    // Once they were made again nothing is left.
    const again = [...done, turn(b, 0), turn(b, 1)]
    expect([left(again), leftOut(again, false)]).toEqual([[], 0])
  })
})
