import { describe, expect, it } from 'vitest'
import type { AttackTally } from '../../../src/runner/records/facts.ts'
import { emptyAttempt } from '../../../src/runner/records/journal.ts'
import type { RunRecord } from '../../../src/runner/records/run-record.ts'
import { attackChecks, attackOf } from '../../../src/runner/report/cards/attack.ts'

const MIB = 2 ** 20
const FORGED: AttackTally = {
  ...{ kind: 'forged', times: 2, fromMs: 1_000, untilMs: 2_000, planned: 100, sent: 100, statuses: { 401: 100 } },
  ...{ closed: 0, unanswered: 0, held: 0, heldMaxMs: 0, leftOut: [] },
}

/** A second of calm, a second of attack; every thousandth response of each as slow as said. */
function checked({ attacks = [FORGED], calmMs = 3, underMs = 3, atMost = 100, unexpected = 0 } = {}) {
  const attempts = Array.from({ length: 4_000 }, (_, seq) => {
    const intendedMs = seq / 2
    const tookMs = seq % 20 === 0 ? (intendedMs < 1_000 ? calmMs : underMs) : 1
    return {
      ...emptyAttempt(),
      seq,
      outcome: 'accepted' as const,
      intendedMs,
      sentMs: intendedMs,
      doneMs: intendedMs + tookMs,
    }
  })
  const samples = [
    { atMs: 500, rssBytes: 100 * MIB },
    { atMs: 1_500, rssBytes: atMost * MIB },
  ]
  const record = { attacks, samples: { stack: [{ name: 'receiver', samples }] } } as unknown as RunRecord
  const card = attackOf({ record, attempts: () => attempts })!
  return attackChecks(card, { unexpected }, 500)
    .filter(({ ok }) => ok !== true)
    .map(({ id, ok }) => `${id}: ${ok === null ? 'undecided' : 'failed'}`)
}

describe('a run with attacks', () => {
  it('passes where all is refused and nobody notices', () => {
    expect(checked()).toEqual([])
  })

  it('passes where 3 ms become 40: no finding below a tenth of the pass mark', () => {
    expect(checked({ underMs: 40 })).toEqual([])
  })

  it('passes where a slow calm becomes less than twice as slow, and fails beyond', () => {
    expect(checked({ calmMs: 100, underMs: 180 })).toEqual([])
    expect(checked({ calmMs: 100, underMs: 230 })).toEqual(['attack-latency: failed'])
  })

  it.each<[string, Partial<AttackTally>, string]>([
    ['a forged request was answered 2xx', { statuses: { 200: 1, 401: 99 } }, 'forged-took-effect: failed'],
    ['a forged request broke it', { statuses: { 500: 1, 401: 99 } }, 'bad-requests-unrefused: failed'],
    ['it asked for the body', { statuses: { 100: 1, 413: 99 } }, 'bad-requests-unrefused: failed'],
    ['no answer came', { unanswered: 1 }, 'bad-requests-unrefused: failed'],
    ['it was patient', { heldMaxMs: 13_000 }, 'slow-senders-held: failed'],
    ['the attacker was too slow', { sent: 50 }, 'attack-rate: undecided'],
  ])('says so when %s', (_what, how, failed) => {
    expect(checked({ attacks: [{ ...FORGED, ...how }] })).toEqual([failed])
  })

  it('takes a shed request for a refused one', () => {
    expect(checked({ attacks: [{ ...FORGED, statuses: { 503: 100 }, closed: 3 }] })).toEqual([])
  })

  it('says so when something took effect that nobody sent, and when memory grew', () => {
    expect(checked({ unexpected: 1 })).toEqual(['forged-took-effect: failed'])
    expect(checked({ atMost: 300 })).toEqual(['attack-memory: failed'])
  })
})

it('a run without attacks has no such card', () => {
  const record = { attacks: [] } as unknown as RunRecord
  expect(attackOf({ record, attempts: () => [] })).toBeUndefined()
})
