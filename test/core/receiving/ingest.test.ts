import { describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import { headerReader } from '../../../src/core/base/headers.ts'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import { PublishError } from '../../../src/core/contracts/queue.ts'
import { createIngest, type IngestOptions } from '../../../src/core/receiving/ingest.ts'

const clock = new VirtualClock()
const secret = generic.secret('a secret for tests')
const route = { path: '/webhooks/generic', source: 'generic', provider: generic, secrets: [secret] }
const BODY = '{"id":"1","type":"order.paid","key":"acct-1"}'

function made(options: Partial<IngestOptions> = {}) {
  const published: WebhookEvent[] = []
  const errors: unknown[] = []
  const steps: string[] = []
  const ingest = createIngest({
    routes: [route],
    ready: async () => {},
    clock,
    publish: async (event) => {
      steps.push('publish')
      published.push(event)
    },
    onError: (error) => errors.push(error),
    crashPoint: (name) => steps.push(name),
    ...options,
  })
  return { ingest, published, errors, steps }
}

function request(over: { url?: string; body?: string; id?: string; headers?: string[] } = {}) {
  const raw = Buffer.from(over.body ?? BODY)
  const signed = generic.sign(raw, secret, { id: over.id ?? 'evt-1', type: 'order.paid', atMs: clock.now() })
  const header = headerReader([...Object.entries(signed).flat(), ...(over.headers ?? [])])
  return { url: over.url ?? route.path, header, raw, receivedAtMs: clock.now() }
}

describe('the ingest', () => {
  it('stores a genuine event, byte for byte, before it says that it is accepted', async () => {
    const { ingest, published, steps } = made()
    expect(await ingest.handle(request({ url: `${route.path}?a=1` }))).toEqual({ status: 200, reason: 'accepted' })
    expect(steps).toEqual(['before-store', 'publish', 'after-store'])
    const expected = { id: 'generic:evt-1', key: 'acct-1', source: 'generic', type: 'order.paid', headers: {} }
    expect(published).toEqual([{ ...expected, receivedAtMs: clock.now(), body: Buffer.from(BODY) }])
  })

  it('refuses before anything is stored what is not genuine, not known or not readable', async () => {
    const { ingest, published, errors } = made()
    const forged = { ...request(), raw: Buffer.from(`${BODY} `) }
    expect((await ingest.handle(forged)).status).toBe(401)
    expect((await ingest.handle(request({ url: '/elsewhere' }))).status).toBe(404)
    expect((await ingest.handle(request({ headers: ['content-encoding', 'gzip'] }))).status).toBe(415)
    expect((await ingest.handle(request({ headers: ['x-webhook-id', 'evt-2'] }))).status).toBe(400)
    expect((await ingest.handle(request({ id: 'x'.repeat(200) }))).status).toBe(400)
    expect((await ingest.handle(request({ body: '{"key":"a\\u0000b"}' }))).status).toBe(400)
    expect(published).toEqual([])
    expect(errors).toEqual([])
  })

  it('waits for a verification elsewhere, and refuses as that one does', async () => {
    const { ingest, published } = made()
    const refused = async () => {
      throw new FloodmarkError('bad-signature', 'no')
    }
    expect((await ingest.handle(request(), refused)).status).toBe(401)
    expect(published).toEqual([])
    expect((await ingest.handle({ ...request(), header: () => undefined }, async () => {})).status).toBe(400)
    expect((await ingest.handle(request(), async () => {})).status).toBe(200)
  })

  it.each([
    [new PublishError('overloaded', 'inner full', { unsafe: [0], definite: true }), 503],
    [new PublishError('timeout', 'inner late', { unsafe: [0], definite: false }), 503],
    [new Error('anything'), 503],
    [new PublishError('too-large', 'inner large', { unsafe: [0], definite: true }), 413],
  ])('answers %s with %i, and tells of what is our fault', async (error, status) => {
    const { ingest, errors } = made({ publish: () => Promise.reject(error) })
    const reply = await ingest.handle(request())
    expect(reply.status).toBe(status)
    expect(reply.retryAfterS !== undefined).toBe(status === 503)
    expect(errors).toEqual(status === 503 ? [error] : [])
    expect(reply.reason).not.toContain(error.message)
  })

  it('asks a sender to stay away for as long as the backlog takes, where the queue is full and that is known', async () => {
    const full = new PublishError('overloaded', 'full', { unsafe: [0], definite: true })
    const told = async (error: unknown, backlogS: number | undefined) => {
      const { ingest } = made({ publish: () => Promise.reject(error), backlogS: () => backlogS })
      return (await ingest.handle(request())).retryAfterS
    }
    expect(await told(full, undefined)).toBe(5)
    expect(await told(full, 12.2)).toBe(13)
    expect(await told(full, 86_400)).toBe(60)
    expect(await told(full, 0.01)).toBe(1)
    expect(await told(new Error('no disk'), 12.2)).toBe(5)
  })

  it('asks those beyond the bound to wait for what is in progress, by the pace of late', async () => {
    const { ingest } = made()
    expect(ingest.retryAfterS(2_000)).toBe(1)
    for (let time = 0; time < 20; time++) await ingest.handle(request())
    await clock.advance(2_000)
    expect(ingest.retryAfterS(100)).toBe(10)
    await clock.advance(100_000)
    expect(ingest.retryAfterS(100)).toBe(1)
  })

  it('never makes one id of two sources, whatever their names and ids', () => {
    for (const source of ['shop:eu', '', 'x'.repeat(65), 'a\u0000b']) {
      expect(() => made({ routes: [{ ...route, source }] }), source).toThrow('source')
    }
    expect(() => made({ routes: [{ ...route, source: 'shop-eu' }] })).not.toThrow()
  })

  it('shortens a key that is too long, and keeps long keys apart', async () => {
    const { ingest, published } = made()
    const long = 'ä'.repeat(100)
    for (const [id, key] of [
      ['1', `${long}1`],
      ['2', `${long}2`],
      ['3', `${long}1`],
    ] as const) {
      expect((await ingest.handle(request({ id, body: JSON.stringify({ key }) }))).status).toBe(200)
    }
    const [first, second, third] = published.map(({ key }) => key)
    expect(first).toBe(third)
    expect(first).not.toBe(second)
    expect(Buffer.byteLength(first!)).toBeLessThanOrEqual(128)
    expect(first).toMatch(/^ä{40}~[0-9a-f]{16}$/)
  })

  it.each([
    ['a fraction', '{"key":12.5}', '12.5'],
    ['a number beyond 2^53', '{"key":12345678901234567890}', '12345678901234567000'],
    ['a byte order mark', '\ufeff{"key":"acct-1"}', 'acct-1'],
  ])('reads the key behind %s', async (_, body, key) => {
    const { ingest, published } = made()
    await ingest.handle(request({ body }))
    expect(published[0]!.key).toBe(key)
    expect(ingest.counts.unkeyed).toBe(0)
  })

  it('counts what names no key, and is ordered with nothing', async () => {
    const { ingest, published } = made()
    for (const body of ['{"key":true}', '7', BODY]) await ingest.handle(request({ body }))
    expect(published.map(({ key }) => key)).toEqual(['evt-1', 'evt-1', 'acct-1'])
    expect(ingest.counts.unkeyed).toBe(2)
  })

  it('refuses and counts what is genuine and cannot be read, here and where it was verified elsewhere', async () => {
    const { ingest, published } = made()
    for (const body of ['no JSON', '', '{"key":"a\\u0000b"}'])
      expect((await ingest.handle(request({ body }))).status).toBe(400)
    expect((await ingest.handle(request({ body: '{' }), async () => {})).status).toBe(400)
    expect(ingest.counts.unreadable).toBe(4)
    await ingest.handle({ ...request(), raw: Buffer.from('no JSON') })
    await ingest.handle(request())
    expect(ingest.counts.unreadable).toBe(4)
    expect(published.length).toBe(1)
  })

  it('needs a secret for every route, and each path once', () => {
    expect(() => made({ routes: [{ ...route, secrets: [] }] })).toThrow('has no secret')
    expect(() => made({ routes: [route, route] })).toThrow('given twice')
  })
})
