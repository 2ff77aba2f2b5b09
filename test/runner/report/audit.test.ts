import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../../src/runner/records/journal.ts'
import { audit } from '../../../src/runner/report/audit.ts'

const attempt = (seq: number, over: Partial<Attempt> = {}): Attempt => ({
  seq,
  attempt: 1,
  provider: 0,
  key: 0,
  outcome: 'accepted',
  cause: 'none',
  status: 200,
  bodyBytes: 1,
  intendedMs: seq * 10,
  sentMs: seq * 10,
  doneMs: seq * 10 + 1,
  ...over,
})
const effect = (seq: number, lane = 0) => ({ lane, seq, atMs: 0 })
const base = { expected: () => 'applied' as const, buried: [], duplicatesAbsorbed: 0 }

describe('the audit', () => {
  it('puts every planned event into one class, and they add up', () => {
    const attempts = [
      attempt(0),
      attempt(1),
      attempt(2, { outcome: 'refused', status: 503 }),
      attempt(3, { outcome: 'unknown' }),
      attempt(4, { outcome: 'unknown' }),
      attempt(5, { outcome: 'unsent' }),
    ]
    const counted = audit({ ...base, planned: 7, attempts, effects: [effect(0), effect(3)] })
    expect(counted).toMatchObject({ applied: 2, lost: 1, refused: 1, unknown: 1, unsent: 2, buried: 0, planned: 7 })
  })

  it('sees an effect that took place twice, and one that nobody sent', () => {
    const counted = audit({ ...base, planned: 1, attempts: [attempt(0)], effects: [effect(0), effect(0), effect(9)] })
    expect(counted).toMatchObject({ applied: 1, duplicateEffects: 1, unexpected: 1, lost: 0 })
  })

  it('sees the wrong order within a key, and allows any order of what was under way together', () => {
    const wrong = audit({ ...base, planned: 2, attempts: [attempt(0), attempt(1)], effects: [effect(1), effect(0)] })
    expect(wrong.reordered).toBe(1)
    const together = [attempt(0, { doneMs: 50 }), attempt(1)]
    expect(audit({ ...base, planned: 2, attempts: together, effects: [effect(1), effect(0)] }).reordered).toBe(0)
    expect(
      audit({ ...base, planned: 2, attempts: [attempt(0), attempt(1)], effects: [effect(1, 0), effect(0, 1)] })
        .reordered,
    ).toBe(0)
  })

  it('lets a replayed event come after later ones of its key, and no other', () => {
    const attempts = [attempt(0), attempt(1), attempt(2)]
    const of = (replayed: number[]) => {
      const effects = [effect(2), effect(0), effect(1)]
      return audit({ ...base, planned: 3, attempts, effects, replayed: new Set(replayed) }).reordered
    }
    expect([of([]), of([0]), of([0, 1]), of([2])]).toEqual([2, 1, 0, 2])
  })

  it('counts what the sender lost as found or not, and asks for no order of what is found late', () => {
    const lost = { outcome: 'unsent', cause: 'lost-by-sender', status: 0 } as const
    const attempts = [attempt(0, lost), attempt(1), attempt(2), attempt(3, lost)]
    const effects = [effect(1), effect(0), effect(2)]
    const counted = audit({ ...base, planned: 4, attempts, effects })
    expect(counted).toMatchObject({ applied: 3, found: 1, neverFound: 1, unsent: 1, reordered: 0, unexpected: 0 })
    expect(counted).toMatchObject({ appliedAfterRefusal: 0, duplicateEffects: 0, lost: 0 })
    const wrong = audit({ ...base, planned: 4, attempts, effects: [effect(2), effect(0), effect(1)] })
    expect(wrong.reordered).toBe(1)
    const twice = audit({ ...base, planned: 4, attempts, effects: [...effects, effect(0)] })
    expect(twice.duplicateEffects).toBe(1)
  })

  it('sees a dead letter that was not planned', () => {
    const buried = [{ seq: 0, id: 'x', reason: 'r', failures: 5 }]
    const counted = audit({ ...base, planned: 1, attempts: [attempt(0)], effects: [], buried })
    expect(counted).toMatchObject({ buried: 1, misjudged: 1, lost: 0 })
  })
})
