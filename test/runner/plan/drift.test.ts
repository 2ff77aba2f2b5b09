import { describe, expect, it } from 'vitest'
import schemaDrift from '../../../scenarios/schema-drift.ts'
import type { BuriedCause } from '../../../src/core/contracts/ledger.ts'
import type { Provider } from '../../../src/core/contracts/provider.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { checked } from '../../../src/core/processing/schemas.ts'
import { arrivals } from '../../../src/runner/plan/arrivals.ts'
import { driftKindOf, plannedDrift } from '../../../src/runner/plan/drift-plan.ts'
import { judgeDrift } from '../../../src/runner/report/cards/drift.ts'
import { DRIFTING, drifted } from '../../../src/runner/scenario/drift-bodies.ts'
import { moduleOf } from '../../../src/runner/scenario/registry.ts'
import { DRIFT_KINDS, type DriftKind } from '../../../src/runner/scenario/scenario.ts'
import { schemasFor } from '../../../src/runner/testbed/drift-schemas.ts'
import { anEvent } from '../../events.ts'

const SAMPLES = 60
const load = { scenario: schemaDrift, durationMs: 10_000, ratePerS: 300, seed: 5 }
const driftOf = driftKindOf(load)
const events = Array.from(arrivals(load), ({ seq, intendedMs, provider }) => ({
  ...{ seq, provider, dueMs: intendedMs, drift: driftOf(seq) },
}))
const drifting = () => plannedDrift(schemaDrift, events)
const plan = [...drifting()]
const SECRET = 'c2VjcmV0LW9mLWZvci10ZXN0cy0zMi1ieXRlcy4uLi4='

async function providerOf(name: string): Promise<Provider> {
  return (await import(moduleOf('provider', name))).default
}

/** The samples of a provider with one change, or none, as the event that a receiver makes of them. */
async function* received(name: string, kind?: DriftKind) {
  const provider = await providerOf(name)
  const random = seeded(3)
  for (let n = 0; n < SAMPLES; n++) {
    const made = provider.sample(random, { id: `run123-${n}`, key: `k${n}` })
    const { type, body } = kind ? drifted(name, kind, made) : made
    const identity = (sample: typeof made) => {
      const headers = provider.sign(sample.body, provider.secret(SECRET), { ...sample, id: `run123-${n}`, atMs: 0 })
      return provider.identify({ url: '/', header: (one) => headers[one], raw: sample.body, receivedAtMs: 0 })
    }
    const before = identity(made)
    yield { before, event: anEvent('1', { source: name, ...identity({ type, body }), body }) }
  }
}

const nothing = {
  put() {},
  increment() {},
  append() {},
  read: async () => undefined,
  signal: new AbortController().signal,
  attempt: 1,
  client: { query: async () => ({ rows: [], rowCount: 0 }) },
}
const outcomesOf = async (name: string, strict: readonly string[], kind?: DriftKind) => {
  const seen = new Set<string>()
  const note = (_: unknown, __: unknown, ___: unknown, drift?: { readonly outcome: string }) =>
    void seen.add(drift?.outcome ?? 'valid')
  const effect = checked({ sources: schemasFor(strict), effect: note, unknown: note })
  for await (const { event } of received(name, kind)) {
    try {
      await effect(event, nothing)
    } catch (error) {
      seen.add((error as { code: string }).code)
    }
  }
  return [...seen]
}

describe.each(DRIFTING)('the bodies of %s', (name) => {
  it('keep their id and key whatever changes about them', async () => {
    for (const kind of DRIFT_KINDS) {
      for await (const { before, event } of received(name, kind)) {
        expect(event).toMatchObject({ id: before.id, key: before.key })
        if (kind === 'unknownType') expect(event.type).not.toBe(before.type)
        else expect(event.type).toBe(before.type)
      }
    }
  })

  it('pass the strict schemas of a run as they are, and none does when it has changed', async () => {
    expect(await outcomesOf(name, [name])).toEqual(['valid'])
    for (const kind of ['renamed', 'added', 'missing'] as const) {
      expect(await outcomesOf(name, [name], kind), kind).toEqual(['off-schema'])
      expect(await outcomesOf(name, [], kind), kind).toEqual(['kept'])
    }
    for (const kind of ['newVersion', 'unknownType'] as const) {
      expect(await outcomesOf(name, [name], kind), kind).toEqual(['off-schema'])
      expect(await outcomesOf(name, [], kind), kind).toEqual(['unknown'])
    }
  })
})

describe('the plan of drift', () => {
  it('changes about the planned share of the events of its time, and none outside', () => {
    const { from, until, shares } = schemaDrift.drift!
    const times = plan.map(({ dueMs }) => dueMs)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(from * load.durationMs)
    expect(Math.max(...times)).toBeLessThan(until * load.durationMs)
    const within = load.ratePerS * (load.durationMs / 1_000) * (until - from)
    for (const kind of DRIFT_KINDS) {
      const count = plan.filter((one) => one.kind === kind).length
      expect(Math.abs(count - shares[kind] * within), kind).toBeLessThan(5 * Math.sqrt(shares[kind] * within))
    }
  })

  it('is the same for whoever asks, and wants dead letters of strict providers only', () => {
    const kindOf = driftKindOf(load)
    for (const { seq, kind, mode, wanted } of plan) {
      expect(kindOf(seq)).toBe(kind)
      expect(wanted === 'rejected', kind).toBe(mode === 'strict')
    }
  })
})

describe('what became of drift', () => {
  const applied = new Set(plan.filter(({ wanted }) => wanted !== 'rejected').map(({ seq }) => seq))
  const notes = plan
    .filter(({ wanted }) => wanted !== 'rejected')
    .map(({ seq, wanted }) => ({ seq, outcome: wanted, reason: 'told' }))
  const buried = plan
    .filter(({ wanted }) => wanted === 'rejected')
    .map(({ seq }) => ({ seq, cause: 'schema' as BuriedCause, reason: 'x' }))
  const right = { drift: plan, planned: 10_000, applied, buried, notes }

  it('is counted by provider and kind', () => {
    const { misjudged, rows } = judgeDrift(right)
    expect(misjudged).toBe(0)
    expect(rows.reduce((sum, { events }) => sum + events, 0)).toBe(plan.length)
    expect(rows[0]).toMatchObject({ provider: 'generic', mode: 'strict', kind: 'renamed', kept: 0, stored: 0 })
  })

  it.each([
    ['kept without a note', { notes: notes.slice(1) }],
    ['noticed where nothing had changed', { notes: [...notes, { seq: 0, outcome: 'kept' as const, reason: 'told' }] }],
    ['buried for another cause', { buried: [{ ...buried[0]!, cause: 'transient' as const }, ...buried.slice(1)] }],
    ['applied in place of buried', { buried: buried.slice(1), applied: new Set([...applied, buried[0]!.seq]) }],
    ['buried in place of kept', { notes: notes.slice(1), buried: [...buried, { ...buried[0]!, seq: notes[0]!.seq }] }],
  ])('is misjudged when one is %s', (_what, wrong) => {
    expect(judgeDrift({ ...right, ...wrong }).misjudged).toBe(1)
  })

  it('says nothing of what was never accepted', () => {
    expect(judgeDrift({ ...right, applied: new Set(), buried: [], notes: [] }).misjudged).toBe(0)
  })
})
