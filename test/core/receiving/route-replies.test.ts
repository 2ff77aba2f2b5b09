import { describe, expect, it } from 'vitest'
import standard from '../../../providers/standard-webhooks.ts'
import stripe from '../../../providers/stripe.ts'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import type { Route } from '../../../src/core/contracts/provider.ts'
import { createIngest, type IngestOptions } from '../../../src/core/receiving/ingest.ts'
import { AT_MS, incoming, signer } from '../../contract/provider.ts'

const { secret, make } = signer(stripe)
const clock = new VirtualClock(AT_MS)

function opened(more: Partial<Route>, isUp = true) {
  const route = { path: '/in', source: 'stripe', provider: stripe, secrets: [secret], ...more }
  const publish = async () => {
    if (!isUp) throw new Error('down')
  }
  return createIngest({ routes: [route], publish, ready: async () => {}, clock })
}

it('a route that tells reasons answers each refusal with its own', async () => {
  const ingest = opened({ tellsReasons: true })
  const { body, headers } = make(1)
  const sent = (more: Record<string, string>, raw: Uint8Array = body, atMs = AT_MS) =>
    ingest.handle(incoming({ ...headers, ...more }, raw, atMs, '/in'))
  const replies = [
    await sent({ 'stripe-signature': '' }),
    await sent({ 'stripe-signature': 'v1=zz' }),
    await sent({ 'stripe-signature': `t=${AT_MS / 1_000},v1=00` }),
    await sent({}, body, AT_MS + 301_000),
    await sent({}, body, AT_MS - 301_000),
    await sent({}, Buffer.from('{}')),
  ]
  const reasons = ['missing', 'malformed', 'malformed', 'stale', 'ahead', 'mismatch']
  expect(replies.map(({ status, reason }) => [status, reason])).toEqual(reasons.map((reason) => [401, reason]))
  expect((await sent({})).status).toBe(200)
})

it('a route that says nothing of reasons answers as before, and may answer otherwise', async () => {
  const stale = {
    status: 410,
    contentType: 'application/problem+json',
    body: '{"title":"stale"}',
    headers: { 'x-why': 'old' },
  }
  const replies = { accepted: { status: 202, headers: { 'x-taken': 'yes' } }, stale, unavailable: { status: 500 } }
  const { body, headers } = make(2)
  const at = (more: Partial<Route>, isUp: boolean, atMs = AT_MS) =>
    opened(more, isUp).handle(incoming(headers, body, atMs, '/in'))
  expect(await at({}, true, AT_MS + 400_000)).toEqual({ status: 401, reason: 'unauthorized' })
  expect(await at({ replies }, true)).toMatchObject({ status: 202, headers: { 'x-taken': 'yes' } })
  expect(await at({ replies }, true, AT_MS + 400_000)).toMatchObject(stale)
  expect(await at({ replies }, false)).toMatchObject({ status: 500, retryAfterS: 5 })
})

describe('an answer of its own to duplicates', () => {
  const { body, headers } = make(3)
  const replies = { accepted: { headers: { 'x-taken': 'yes' } }, duplicate: { headers: { 'x-duplicate': 'true' } } }
  const asked = (isKnown: IngestOptions['isKnown'], more: Partial<Route> = { replies }) => {
    const stored: string[] = []
    const route = { path: '/in', source: 'stripe', provider: stripe, secrets: [secret], ...more }
    const publish = async ({ id }: WebhookEvent) => void stored.push(id)
    const ingest = createIngest({ routes: [route], publish, ready: async () => {}, clock, ...(isKnown && { isKnown }) })
    return { stored, reply: ingest.handle(incoming(headers, body, AT_MS, '/in')) }
  }

  it('is given where the ledger knows the event, which is stored all the same', async () => {
    const known = asked(async () => true)
    expect(await known.reply).toEqual({ status: 200, reason: 'accepted', headers: { 'x-duplicate': 'true' } })
    expect(known.stored).toHaveLength(1)
    expect(await asked(async () => false).reply).toMatchObject({ headers: { 'x-taken': 'yes' } })
    const conflict = { replies: { duplicate: { status: 409, body: '{"title":"known"}' } } }
    expect(await asked(async () => true, conflict).reply).toMatchObject({ status: 409, body: '{"title":"known"}' })
  })

  it('keeps no event out while the ledger is away, and asks nothing for other routes', async () => {
    const away = asked(() => Promise.reject(new Error('away')))
    expect(await away.reply).toMatchObject({ headers: { 'x-taken': 'yes' } })
    expect(away.stored).toHaveLength(1)
    let times = 0
    const counted = async () => ++times > 0
    expect(await asked(counted, {}).reply).toEqual({ status: 200, reason: 'accepted' })
    expect(times).toBe(0)
  })

  it('is refused at the start where there is no ledger to ask, or where it would mislead', () => {
    expect(() => asked(undefined)).toThrow('run floodmark node')
    expect(() => asked(async () => true, { replies: { duplicate: { status: 503 } } })).toThrow('give 200 to 299')
  })
})

it.for([{ accepted: { status: 500 } }, { stale: { status: 200 } }, { missing: { status: 302 } }])(
  'refuses an answer that would mislead the sender: %j',
  (replies) => {
    expect(() => opened({ replies })).toThrow(/give (200 to 299|400 to 599)/)
  },
)

it.for([
  [{ acepted: { status: 202 } }, "an answer to 'acepted'"],
  [{ 'no-route': { status: 410 } }, "an answer to 'no-route'"],
  [{ accepted: 'taken' }, 'what is no object'],
  [{ accepted: null }, 'what is no object'],
  [{ stale: { status: 410.5 } }, 'the status 410.5'],
  [{ stale: { body: { title: 'stale' } } }, 'a body that is no text'],
  [{ stale: { headers: { 'x-why': 'old\r\nset-cookie: a=b' } } }, 'a header that HTTP has no room for'],
  [{ stale: { headers: { 'x why': 'old' } } }, 'a header that HTTP has no room for'],
  [{ stale: { headers: { 'x-why': 7 } } }, 'the header x-why that is no text'],
  [{ stale: { contentType: 'text/plain\r\n\r\nmore' } }, 'a header that HTTP has no room for'],
  [{ stale: { headers: { 'Content-Length': '3' } } }, 'the header Content-Length: leave it to the receiver'],
  [{ stale: { headers: { 'content-type': 'text/html' } } }, 'and give contentType'],
] as const)('is refused at the start where it could not be sent: %j', ([replies, what]) => {
  expect(() => opened({ replies: replies as never })).toThrow(what)
})

describe('what a provider answers by itself', () => {
  const { body, headers } = make(4)
  /** As a provider of somebody's own may do it: what the request says comes back in a header. */
  const echoing = (value: string) => {
    const failures: string[] = []
    const answer = { status: 200, reason: 'hello', headers: { 'x-challenge': value } }
    const provider = { ...stripe, handshake: () => answer, preflight: () => answer }
    const route = { path: '/in', source: 'stripe', provider, secrets: [secret] }
    const onError = (error: unknown) => void failures.push(String(error))
    const ingest = createIngest({ routes: [route], publish: async () => {}, ready: async () => {}, clock, onError })
    return { ingest, failures }
  }

  it('is sent as it is', async () => {
    const { ingest } = echoing('abc')
    expect(await ingest.handle(incoming(headers, body, AT_MS, '/in'))).toMatchObject({ reason: 'hello' })
    expect(ingest.admit('OPTIONS', '/in')).toMatchObject({ reason: 'hello' })
  })

  it('becomes a 503 where it would break the answer, and its words are told to nobody outside', async () => {
    const { ingest, failures } = echoing('abc\r\nset-cookie: a=b')
    expect(await ingest.handle(incoming(headers, body, AT_MS, '/in'))).toMatchObject({
      status: 503,
      reason: 'try again later',
    })
    expect(ingest.admit('OPTIONS', '/in')).toMatchObject({ status: 503, reason: 'try again later' })
    expect(failures).toEqual([
      expect.stringContaining('the provider stripe'),
      expect.stringContaining('the provider stripe'),
    ])
  })

  it('may only say with 200, 202 or 204 that an event is taken', () => {
    expect(() => opened({ provider: { ...stripe, acceptedStatus: 201 as never } })).toThrow('give 200, 202, 204')
  })
})

it('another method than POST is answered as the route says', () => {
  const ingest = opened({ replies: { method: { status: 404, body: '' } }, tellsReasons: true })
  expect(ingest.admit('GET', '/in')).toMatchObject({ status: 404, body: '', headers: { allow: 'POST' } })
})

it('a sender learns no more of a wrong secret than of a body that was changed', async () => {
  const ingest = opened({
    provider: standard,
    source: 'standard',
    tellsReasons: true,
    secrets: [signer(standard).secret],
  })
  const other = signer(standard)
  const { body, headers } = other.make(3)
  expect(await ingest.handle(incoming(headers, body, AT_MS, '/in'))).toEqual({ status: 401, reason: 'mismatch' })
})
