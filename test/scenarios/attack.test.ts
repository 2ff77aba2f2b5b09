// @module-tag full: real runs of half a minute each.
import { describe, expect, it } from 'vitest'
import { fullUnless } from '../needs.ts'
import { planted, played, runsFolder } from '../runner/floodmark.ts'

const { root, reportOf } = runsFolder()
const WHOLE_RUN_MS = 240_000
const attack = (name: string, ...flags: string[]) =>
  played(`${root}/${name}`, 'attack', '--quick', '--p99', '300000', ...flags)
const failedOf = (name: string) => reportOf(name).checks.flatMap(({ id, ok }) => (ok === false ? [id] : []))

describe.concurrent('the attack', () => {
  for (const [receiver, rate, seconds] of [
    ['raw-http', 120, 16],
    ['fastify', 240, 8],
    ['worker-hmac', 240, 8],
  ] as const) {
    const options = { timeout: WHOLE_RUN_MS, ...fullUnless(receiver === 'raw-http') }
    it(`is refused by ${receiver}, whole, and no good event with it`, options, async () => {
      const flags = ['--receiver', receiver, '--rate', String(rate), '--duration', String(seconds)]
      const { code, out, err } = await attack(receiver, ...flags)
      // 4: a busy machine kept the attackers from their rate, and nothing failed.
      expect([0, 4], out + err).toContain(code)
      const { audit, cards, faults } = reportOf(receiver)
      const seen = cards.attack
      expect(audit).toMatchObject({ refused: 0, unknown: 0, lost: 0, unexpected: 0, misjudged: 0 })
      const kinds = new Map(seen!.kinds.map((one) => [one.kind, one]))
      expect([...kinds.keys()].sort()).toEqual(['forged', 'malformed', 'oversized', 'slow', 'stale'])
      for (const { accepted, odd, unanswered } of kinds.values())
        expect({ accepted, odd, unanswered }).toEqual({ accepted: 0, odd: 0, unanswered: 0 })
      for (const kind of ['forged', 'stale'] as const) {
        const { sent, closed, statuses } = kinds.get(kind)!
        expect(sent).toBeGreaterThan(300)
        expect({ statuses, closed }).toEqual({ statuses: { 401: sent }, closed: 0 })
      }
      expect(Object.keys(kinds.get('oversized')!.statuses)).toEqual(['413'])
      expect(Object.keys(kinds.get('malformed')!.statuses)).toEqual(
        expect.arrayContaining(['400', '404', '405', '431']),
      )
      expect(faults.filter(({ kind }) => kind === 'attack')).toHaveLength(1)
      // Those that hold on are ended by the receiver's 10 s, where the attack lasts so long.
      if (seconds > 10) expect(kinds.get('slow')!.statuses[408]).toBeGreaterThan(0)
    })
  }

  it('finds a receiver that believes whoever sends, by effects that nobody sent', {
    timeout: WHOLE_RUN_MS,
  }, async () => {
    const flags = ['--receiver', planted('receiver-skips-verification'), '--rate', '240', '--duration', '8']
    const { code, out, err } = await attack('believes', ...flags)
    expect(code, out + err).toBe(1)
    expect(failedOf('believes')).toEqual(expect.arrayContaining(['forged-took-effect']))
    const { audit, cards } = reportOf('believes')
    expect(audit.unexpected).toBeGreaterThan(0)
    expect(cards.attack!.kinds.find(({ kind }) => kind === 'forged')!.accepted).toBeGreaterThan(0)
  })

  it('finds a receiver without limits, by its memory, its patience, and what it asks for', {
    timeout: WHOLE_RUN_MS,
  }, async () => {
    const flags = ['--receiver', planted('receiver-takes-everything'), '--rate', '120', '--duration', '18']
    const { code, out, err } = await attack('takes-everything', ...flags)
    expect(code, out + err).toBe(1)
    expect(failedOf('takes-everything')).toEqual(
      expect.arrayContaining(['bad-requests-unrefused', 'slow-senders-held', 'attack-memory']),
    )
    expect(
      reportOf('takes-everything').cards.attack!.kinds.find(({ kind }) => kind === 'oversized')!.odd,
    ).toBeGreaterThan(0)
  })
})
