import { describe, expect, it } from 'vitest'
import type { FaultMark } from '../../../src/runner/records/marks.ts'
import { bandsOf, markWords } from '../../../src/runner/render/marks.ts'

const span = { fromMs: 1_000, untilMs: 2_000 }
const kill = (victim: string, fromMs: number): FaultMark => ({
  kind: 'kill',
  victim,
  fault: { what: 'kill', strikes: 'stack', at: 0.1, forMs: 500 },
  fromMs,
  untilMs: fromMs + 500,
})

describe('marks of what went on in a run', () => {
  it.each<[FaultMark, string]>([
    [kill('receiver 1', 0), 'kill: receiver 1'],
    [
      {
        kind: 'throttle',
        victim: 'receiver 1',
        fault: { what: 'throttle', strikes: 'receivers', perS: 20, at: 0, forMs: 1 },
        ...span,
      },
      'throttle 20/s: receiver 1',
    ],
    [{ kind: 'circuit-open', process: 'processor', ...span }, 'effects paused by the circuit: processor'],
    [{ kind: 'dead-letter-replay', events: 7, ...span }, 'replay: 7 dead letters'],
    [{ kind: 'recorded-replay', events: 9, ...span }, 'replay: 9 recorded events'],
    [{ kind: 'attack', attacks: ['forged', 'slow'], ...span }, 'attack: forged, slow'],
    [{ kind: 'drift', drifts: ['renamed', 'newVersion'], ...span }, 'drift: renamed, new version'],
  ])('get their words where they are shown', (mark, words) => {
    expect(markWords(mark)).toBe(words)
  })

  it('are one band where one fault strikes several at once', () => {
    expect(bandsOf([kill('receiver 2', 1_100), kill('receiver 1', 1_000), kill('processor', 3_000)])).toEqual([
      { text: 'kill: receiver 1, receiver 2', fromMs: 1_000, untilMs: 1_600 },
      { text: 'kill: processor', fromMs: 3_000, untilMs: 3_500 },
    ])
  })
})
