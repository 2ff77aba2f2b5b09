import { describe, expect, it } from 'vitest'
import { familyRows, phaseRows, waitLines } from '../../../src/runner/render/words/waits.ts'
import type { Report } from '../../../src/runner/report/report-schema.ts'

type Waits = Report['latency']['refused']

const NONE: Waits = { count: 0 }
const around = (value: number) => ({ ms: value, lowMs: value / 2, highMs: value * 2 })
const known: Waits = { count: 9_000, p50: around(2), p90: around(8), p99: around(40), maxMs: 90, slowEpisodes: 12 }
const { p99: _, ...few } = { ...known, count: 300, slowEpisodes: 3 }
const phase = (name: string, peak: boolean, acceptedFirst: Waits) => ({
  ...{ name, peak, fromMs: 0, untilMs: 1, acceptedFirst, eventToAccepted: known, eventToEffect: known },
})

const latency: Report['latency'] = {
  ...{ accepted: { first: known, all: known }, refused: NONE, service: known, lateness: known },
  ...{ event: { toAccepted: known, toEffect: known }, acceptToEffect: known },
  phases: [phase('calm', false, known), phase('rush', true, { ...known, p99: around(70) })],
}
const nothing = { refused: 0, unanswered: 0, givenUp: 0 }
const even = { ...latency, phases: [phase('steady', false, known)] }

describe('the lines of a terminal', () => {
  it('have no word of refusals where there was none', () => {
    expect(waitLines({ latency, notAccepted: nothing }).join('\n')).not.toMatch(/refus|unanswered|given up/)
  })

  it('have what was refused, unanswered and given up, and how long a refusal took', () => {
    const lines = waitLines({
      latency: { ...latency, refused: few, event: { ...latency.event, toAccepted: { ...known, count: 9_500 } } },
      notAccepted: { refused: 300, unanswered: 2, givenUp: 1 },
    })
    expect(lines).toContain('300 attempts refused, 2 attempts unanswered, 1 events given up')
    expect(lines.find((line) => line.startsWith('a refusal took'))).toContain(
      'no p99: its slowest 1% came in 3 episodes',
    )
    expect(lines.some((line) => line.startsWith('accepted events, first due → first 2xx'))).toBe(true)
  })
})

describe('the tables', () => {
  it('have a row for each family that there is, and three for each phase of several', () => {
    expect(familyRows({ latency })).toHaveLength(7)
    expect(familyRows({ latency: { ...latency, refused: few } })).toHaveLength(8)
    expect(phaseRows(latency).map(([name]) => name)).toContain('rush (the peak): events to effect')
    expect(phaseRows(latency)).toHaveLength(6)
    expect(phaseRows(even)).toEqual([])
  })
})
