import { describe, expect, it } from 'vitest'
import { type ContentDigests, contentDigests } from '../../../src/runner/plan/event-digests.ts'
import type { PlannedEvent } from '../../../src/runner/plan/planned-events.ts'
import type { EffectRecord } from '../../../src/runner/records/effects-file.ts'
import type { Attempt } from '../../../src/runner/records/journal.ts'
import type { Bad } from '../../../src/runner/report/audit/account.ts'
import { FIELDS } from '../../../src/runner/report/audit/altered.ts'
import { audit } from '../../../src/runner/report/audit/audit.ts'

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
/** Event `seq` as the plan has it; `key`: its rank. */
function planned(seq: number, key = 0): PlannedEvent {
  const content = { id: `generic:run123-${seq}`, key: `k${key}`, source: 'generic', type: 'order.paid' }
  const digests = contentDigests({ ...content, headers: {}, body: Buffer.from(`{"n":${seq}}`) })
  const nothing = { doomed: false, failsOnce: false, lostBySender: false, hasContent: false, struck: false }
  return {
    seq,
    dueMs: seq * 10,
    provider: 0,
    key,
    type: content.type,
    bodyBytes: 7,
    digests,
    ...nothing,
    drift: undefined,
  }
}
const effect = (seq: number, lane = 0, over: Partial<EffectRecord> = {}): EffectRecord => ({
  ...{ lane, seq, atMs: seq * 10 + 5, receivedMs: seq * 10, content: planned(seq).digests },
  ...over,
})
const base = {
  ...{ eventAt: (seq: number) => planned(seq), expected: () => 'applied' as const, buried: [], duplicatesAbsorbed: 0 },
  ...{ startedAtEpochMs: 0, clockOffMs: 0, reconciled: false },
}

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
    const eventAt = (seq: number) => planned(seq, seq)
    const twoKeys = { planned: 2, attempts: [attempt(0), attempt(1)], effects: [effect(1, 0), effect(0, 1)] }
    expect(audit({ ...base, ...twoKeys, eventAt }).reordered).toBe(0)
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
    const counted = audit({ ...base, reconciled: true, planned: 4, attempts, effects })
    expect(counted).toMatchObject({ applied: 3, found: 1, neverFound: 1, unsent: 1, reordered: 0, unexpected: 0 })
    expect(counted).toMatchObject({ appliedAfterRefusal: 0, duplicateEffects: 0, lost: 0 })
    const wrong = audit({ ...base, planned: 4, attempts, effects: [effect(2), effect(0), effect(1)] })
    expect(wrong.reordered).toBe(1)
    const twice = audit({ ...base, planned: 4, attempts, effects: [...effects, effect(0)] })
    expect(twice.duplicateEffects).toBe(1)
  })

  it('sees a dead letter that was not planned', () => {
    const buried = [{ seq: 0, id: 'x', receivedAtMs: 1, content: planned(0).digests }]
    const counted = audit({ ...base, planned: 1, attempts: [attempt(0)], effects: [], buried })
    expect(counted).toMatchObject({ buried: 1, misjudged: 1, lost: 0 })
  })

  it('judges order by the plan’s keys: whoever changes keys is not out of its sight', () => {
    const attempts = [attempt(0), attempt(1), attempt(2)]
    const other = (seq: number, atMs: number) =>
      effect(seq, seq, { atMs, content: { ...planned(seq).digests, key: seq } })
    const judged = audit({ ...base, planned: 3, attempts, effects: [other(0, 90), other(1, 80), other(2, 100)] })
    expect(judged).toMatchObject({ reordered: 1, altered: 3, alteredFields: { key: 3, body: 0 } })
    const together = audit({ ...base, planned: 2, attempts, effects: [other(1, 50), other(0, 50)] })
    expect(together.reordered).toBe(0)
  })

  it('names the field in which an effect or a dead letter is not what was signed, and counts it as nothing else', () => {
    const digests = planned(0).digests
    const found = (content: Partial<ContentDigests>, receivedMs = 0) => {
      const seen = audit({
        ...{ ...base, planned: 1, attempts: [attempt(0)] },
        effects: [effect(0, 0, { receivedMs, content: { ...digests, ...content } })],
      })
      expect(seen).toMatchObject({ lost: 0, misjudged: 0, unexpected: 0, applied: 1 - seen.altered })
      const kept = audit({
        ...{ ...base, planned: 1, attempts: [attempt(0)], effects: [], expected: () => 'buried' as const },
        buried: [{ seq: 0, id: 'x', receivedAtMs: receivedMs, content: { ...digests, ...content } }],
      })
      expect(kept.alteredFields).toEqual(seen.alteredFields)
      expect(kept).toMatchObject({ buried: 1 - kept.altered, misjudged: 0 })
      return FIELDS.filter((field) => seen.alteredFields[field] > 0)
    }
    expect(found({})).toEqual([])
    expect(found({ body: Buffer.alloc(8) })).toEqual(['body'])
    for (const field of ['id', 'key', 'type', 'source', 'headers'] as const)
      expect(found({ [field]: 1 })).toEqual([field])
    for (const receivedMs of [-60_000, 60_000]) expect(found({}, receivedMs)).toEqual(['receivedAtMs'])
    expect(found({ type: 1, body: Buffer.alloc(8) }, 60_000)).toEqual(['type', 'receivedAtMs', 'body'])
  })

  it('takes any time of receipt until the effect where the sender never learned, and where clocks jump on purpose', () => {
    const late = { ...base, planned: 1, effects: [effect(0, 0, { receivedMs: 60_000, atMs: 60_001 })] }
    expect(audit({ ...late, attempts: [attempt(0)] }).altered).toBe(1)
    expect(audit({ ...late, attempts: [attempt(0, { outcome: 'unknown' })] }).altered).toBe(0)
    expect(audit({ ...late, attempts: [attempt(0)], reconciled: true }).altered).toBe(0)
    expect(audit({ ...late, attempts: [attempt(0)], clockOffMs: 60_000 }).altered).toBe(0)
    const future = { ...late, effects: [effect(0, 0, { receivedMs: 60_000, atMs: 10 })] }
    expect(audit({ ...future, attempts: [attempt(0, { outcome: 'unknown' })] }).alteredFields.receivedAtMs).toBe(1)
  })

  it('tells of every event that must not be, with what is wrong', () => {
    const bad: Bad[] = []
    audit({
      ...{ ...base, planned: 4, attempts: [attempt(0), attempt(1), attempt(2), attempt(3)] },
      effects: [effect(1), effect(0), effect(0), effect(9)],
      buried: [{ seq: 3, id: 'x', receivedAtMs: 30, content: planned(3).digests }],
      onBad: (one) => bad.push(one),
    })
    expect(bad.map(({ wrong, seq }) => [wrong, seq])).toEqual([
      ['unexpected', 9],
      ['reordered', 0],
      ['doubled', 0],
      ['lost', 2],
      ['misjudged', 3],
    ])
  })
})
