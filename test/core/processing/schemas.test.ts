import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import type { Tx } from '../../../src/core/contracts/ledger.ts'
import {
  type CheckedOptions,
  checked,
  DRIFT_REASONS_MAX,
  type Drift,
  type SourceSchemas,
} from '../../../src/core/processing/schemas.ts'
import { anEvent } from '../../events.ts'
import { processing } from './processing.ts'

const order = z.strictObject({ v: z.string().optional(), amount: z.number(), note: z.string().default('none') })
const shop: SourceSchemas = {
  mode: 'strict',
  version: ['v'],
  types: { paid: { 1: order, 2: order.extend({ currency: z.string() }) }, sent: z.object({ to: z.string() }) },
}
const sent = (body: unknown, over: Partial<WebhookEvent> = {}) =>
  anEvent('1', { source: 'shop', type: 'paid', ...over, body: Buffer.from(JSON.stringify(body) ?? '') })
const noTx: Tx = {
  put() {},
  increment() {},
  append() {},
  read: async () => undefined,
  signal: new AbortController().signal,
  attempt: 1,
  client: { query: async () => ({ rows: [], rowCount: 0 }) },
}

/** What reached the effect and the handler of the unknown, and what was told. */
function watched(source: SourceSchemas, over: Partial<CheckedOptions> = {}) {
  const applied: unknown[] = []
  const stored: unknown[] = []
  const told: Drift[] = []
  const effect = checked({
    sources: { shop: source },
    effect: (_event, _tx, value) => void applied.push(value),
    unknown: (_event, _tx, value) => void stored.push(value),
    onDrift: (drift) => told.push(drift),
    ...over,
  })
  return { effect, applied, stored, told, reasons: () => told.map(({ reason }) => reason) }
}
const permissive: SourceSchemas = { ...shop, mode: 'permissive' }

describe('an effect behind schemas', () => {
  it('gets what the schema of its type and version made of the body', () => {
    const { effect, applied } = watched(shop)
    effect(sent({ v: '1', amount: 5 }), noTx)
    effect(sent({ v: '2', amount: 5, currency: 'INR', note: 'x' }), noTx)
    effect(sent({ to: 'B', more: 1 }, { type: 'sent' }), noTx)
    expect(applied).toEqual([
      { v: '1', amount: 5, note: 'none' },
      { v: '2', amount: 5, currency: 'INR', note: 'x' },
      { to: 'B' },
    ])
    expect(effect.counts).toEqual({ valid: 3, rejected: 0, kept: 0, unknown: 0 })
  })

  it.each([
    ['a missing field', { v: '1' }, 'amount is missing'],
    ['an added field', { v: '1', amount: 1, tip: 2 }, 'tip is not in the schema'],
    ['a renamed field', { v: '1', total: 1 }, 'amount is missing; total is not in the schema'],
    ['another kind', { v: '1', amount: '12' }, 'amount is string where number is wanted'],
    ['another kind of empty', { v: '1', amount: null }, 'amount is null where number is wanted'],
  ])('strict: %s is rejected at once, and the reason says where and what', (_what, body, wrong) => {
    const { effect, applied, reasons } = watched(shop)
    const reason = `not as its schema says: shop paid 1: ${wrong}`
    expect(() => effect(sent(body), noTx)).toThrow(expect.objectContaining({ code: 'off-schema', message: reason }))
    expect(reasons()).toEqual([reason])
    expect(applied).toEqual([])
  })

  it('permissive: the effect takes place on the body as it came, unknown fields included, and it is told', () => {
    const { effect, applied, told } = watched(permissive)
    const body = { v: '1', total: 1, nested: { any: ['thing'] } }
    effect(sent(body), noTx)
    effect(sent({ to: 'B', more: 1 }, { type: 'sent' }), noTx)
    expect(applied).toEqual([body, { to: 'B', more: 1 }])
    expect(told).toMatchObject([{ outcome: 'kept', reason: expect.stringContaining('amount is missing') }])
    expect(effect.counts).toEqual({ valid: 1, rejected: 0, kept: 1, unknown: 0 })
  })

  it('strict: unknown types and versions are rejected, and unknown sources are not', () => {
    const { effect, applied, stored, told } = watched(shop)
    const reasons = ['unknown type of shop', 'unknown version of shop paid', 'unknown type of shop']
    const events = [sent({ a: 1 }, { type: 'refunded' }), sent({ v: '3' }), sent({ b: 1 }, { type: 'constructor' })]
    for (const [at, event] of events.entries()) {
      const message = `not as its schema says: ${reasons[at]}`
      expect(() => effect(event, noTx)).toThrow(expect.objectContaining({ code: 'off-schema', message }))
    }
    effect(sent({ c: 1 }, { source: 'bank' }), noTx)
    expect(told.map(({ outcome }) => outcome)).toEqual(['rejected', 'rejected', 'rejected', 'unknown'])
    expect({ applied, stored }).toEqual({ applied: [], stored: [{ c: 1 }] })
  })

  it('permissive: unknown types, versions and sources go to their own handler as they came', () => {
    const { effect, applied, stored, told } = watched(permissive)
    const events = [
      sent({ a: 1 }, { type: 'refunded' }),
      sent({ v: '3' }),
      sent({ none: 1 }),
      sent({ b: 1 }, { type: 'constructor' }),
      sent({ c: 1 }, { source: 'bank' }),
    ]
    for (const event of events) effect(event, noTx)
    expect(stored).toEqual([{ a: 1 }, { v: '3' }, { none: 1 }, { b: 1 }, { c: 1 }])
    expect(told.map(({ reason }) => reason)).toEqual([
      'unknown type of shop',
      'unknown version of shop paid',
      'unknown version of shop paid',
      'unknown type of shop',
      'unknown source',
    ])
    expect(told.every(({ outcome }) => outcome === 'unknown')).toBe(true)
    expect(applied).toEqual([])
  })

  it('takes the version from a function, and bodies that are no JSON from a parser of their own', () => {
    const form: SourceSchemas = {
      mode: 'strict',
      version: (_body, event) => event.headers['x-version'],
      types: { paid: { 7: z.object({ total: z.string() }) } },
      parse: ({ body }) => Object.fromEntries(new URLSearchParams(Buffer.from(body).toString())),
    }
    const { effect, applied } = watched(form)
    effect({ ...sent(0), headers: { 'x-version': '7' }, body: Buffer.from('total=9') }, noTx)
    expect(applied).toEqual([{ total: '9' }])
  })

  it('a body that cannot be read is drift like any other', () => {
    const text = { ...sent(0, { type: 'sent' }), body: Buffer.from('to=B') }
    const strict = watched(shop)
    expect(() => strict.effect(text, noTx)).toThrow('shop sent: the body cannot be read')
    const kept = watched(permissive)
    kept.effect(text, noTx)
    expect(kept.applied).toEqual([undefined])
  })

  it('waits for schemas and effects that take their time', async () => {
    const slow = z.object({ amount: z.number() }).refine(async ({ amount }) => amount > 0)
    const { effect, applied, reasons } = watched({ mode: 'strict', types: { paid: slow } })
    await effect(sent({ amount: 1 }), noTx)
    await expect(effect(sent({ amount: -1 }), noTx)).rejects.toMatchObject({ code: 'off-schema' })
    expect(applied).toEqual([{ amount: 1 }])
    expect(reasons()).toEqual(['not as its schema says: shop paid: the body has a value that the schema refuses'])
  })

  it('a schema that throws is a failed try, not a rejected event, and what it threw is not repeated', async () => {
    const fails = (value: unknown): never => {
      throw new Error(`cannot take ${JSON.stringify(value)}`)
    }
    const own = { '~standard': { version: 1, vendor: 'own', validate: fails } } as const
    for (const broken of [own, z.unknown().transform(fails)]) {
      const { effect } = watched({ mode: 'permissive', types: { paid: broken } })
      const trying = async () => effect(sent({ card: '4242' }), noTx)
      const message = 'the schema of shop paid throws instead of answering: mend it'
      await expect(trying()).rejects.toMatchObject({ code: 'misuse', message })
    }
  })

  it('does not let a sender make reasons without end', () => {
    const { effect, reasons } = watched(permissive)
    for (let n = 0; n < DRIFT_REASONS_MAX + 50; n++) effect(sent({ v: '1', amount: 1, [`f${n}`]: 1 }), noTx)
    expect(new Set(reasons()).size).toBe(DRIFT_REASONS_MAX + 1)
    expect(reasons().at(-1)).toBe('not as its schema says: shop paid 1: many different fields')
  })

  it('refuses at the start what is no schema, and versions that nobody names', () => {
    const wrong = (types: object) => () => watched({ mode: 'strict', types } as SourceSchemas)
    expect(wrong({ paid: { 1: { parse() {} } } })).toThrow('shop paid has versions')
    expect(wrong({ paid: undefined })).toThrow('paid has no schema')
    expect(wrong(undefined as never)).toThrow('types is missing')
    expect(() => watched({ ...shop, mode: 'strct' as never })).toThrow("mode is 'strct': give 'strict' or 'permissive'")
    expect(() => watched({ ...shop, types: { paid: { 1: {} as never } } })).toThrow(
      expect.objectContaining({ code: 'misuse', message: 'the schema of shop paid 1 is no Standard Schema v1' }),
    )
  })

  it('in a processor: rejected is buried after one try with its reason, the unknown of a permissive source takes effect', async () => {
    const effect = checked({
      sources: { shop, bank: permissive },
      effect: (event, tx) => tx.append('done', Buffer.from(event.id)),
      unknown: (event, tx) => tx.append('raw', event.body),
    })
    const world = await processing(effect)
    await world.publish(
      { ...sent({ v: '1', amount: 1 }), id: 'shop:good' },
      { ...sent({ v: '1' }), id: 'shop:bad', key: 'k2' },
      { ...sent({ v: '9' }), source: 'bank', id: 'bank:new', key: 'k3' },
    )
    await world.clock.advance(1_000)
    expect(await world.items()).toEqual(['done=shop:good', 'raw={"v":"9"}'])
    expect(await world.buried()).toMatchObject([
      {
        event: { id: 'shop:bad' },
        failures: 1,
        cause: 'schema',
        reason: 'permanent: not as its schema says: shop paid 1: amount is missing',
      },
    ])
    await world.end()
  })
})
