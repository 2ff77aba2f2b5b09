// @module-tag full: real runs of half a minute each.
import { describe, expect, it } from 'vitest'
import replay from '../../scenarios/replay.ts'
import { ResendAgenda } from '../../src/runner/load/sender/resends.ts'
import type { Load } from '../../src/runner/plan/arrivals.ts'
import { planted, runsFolder } from '../runner/floodmark.ts'

const { run, reportOf } = runsFolder()
const SOME = ['--rate', '100', '--duration', '8']
/** Those of the scenario's providers that judge a signed time. */
const SIGN_A_TIME = ['stripe', 'generic']

describe('the scenario replay', () => {
  it('absorbs what is signed anew, refuses recordings that are too old, and absorbs those without a time', async () => {
    const { code, out, err } = await run('replay', 'replay', '--rate', '200', '--duration', '14')
    expect(code, out + err).toBe(0)
    const { audit, cards, faults } = reportOf('replay')
    const { resent, delivery } = cards
    expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, unexpected: 0, misjudged: 0, refused: 0, unknown: 0 })
    for (const { provider, signature, sent, accepted, refusedAsStale, otherwise } of resent!) {
      expect(sent, provider).toBeGreaterThan(0)
      const stale = signature === 'recorded' && SIGN_A_TIME.includes(provider)
      expect([accepted, refusedAsStale, otherwise], `${provider}, ${signature}`).toEqual(
        stale ? [0, sent, 0] : [sent, 0, 0],
      )
    }
    const accepted = resent!.reduce((sum, one) => sum + one.accepted, 0)
    expect(audit.duplicatesAbsorbed).toBeGreaterThanOrEqual(accepted)
    expect(delivery!.attempts).toBe(audit.planned)
    const sent = resent!.reduce((sum, one) => sum + one.sent, 0)
    expect(faults).toMatchObject([{ kind: 'recorded-replay', events: sent }])
  })

  it('finds a ledger that forgets: what comes again takes effect again', async () => {
    const { code, out, err } = await run('forgets', 'replay', ...SOME, '--ledger', planted('ledger-forgets'))
    expect(code, out + err).toBe(1)
    expect(reportOf('forgets').audit.duplicateEffects).toBeGreaterThan(50)
  })
})

describe('the agenda of what is sent again', () => {
  const load: Load = { scenario: replay, durationMs: 10_000, ratePerS: 50, seed: 1 }
  const all = (firstMs: number, atMs: number, ratePerS: number) => {
    const agenda = new ResendAgenda(load, { firstMs, atMs, ratePerS })
    const due: [seq: number, atMs: number][] = []
    for (let next = agenda.peek(); next; next = agenda.peek()) {
      due.push([next.seq, next.intendedMs])
      agenda.drop()
    }
    return due
  }

  it('has the first events in their order, evenly spaced', () => {
    const due = all(2_000, 5_000, 100)
    expect(due.length).toBeGreaterThan(50)
    expect(due).toEqual(due.map((_, at) => [at, 5_000 + at * 10]))
  })

  it('ends with the run', () => {
    expect(all(10_000, 9_000, 20)).toHaveLength(20)
  })
})
