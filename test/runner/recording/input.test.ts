import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import github from '../../../providers/github.ts'
import stripe from '../../../providers/stripe.ts'
import type { Provider } from '../../../src/core/contracts/provider.ts'
import { unwrap } from '../../../src/runner/recording/envelopes.ts'
import { requestsIn } from '../../../src/runner/recording/input.ts'
import { insideOf } from '../../../src/runner/recording/inside.ts'
import { documentsIn } from '../../../src/runner/recording/json-shape.ts'
import { Keeping } from '../../../src/runner/recording/keeping.ts'
import { templateOf } from '../../../src/runner/recording/template.ts'
import { readBodies } from '../../../src/runner/scenario/templates.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-input-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const BODY = '{"id": "evt_1", "type": "charge.succeeded", "data": {"object": {"currency": "eur", "note": "x {\\"} é"}}}'
const EVENT = JSON.parse(BODY)
const EXACT = BODY
const MADE = JSON.stringify(EVENT)
const BASE64 = Buffer.from(BODY).toString('base64')
const HEADERS = { 'Stripe-Signature': 't=1,v1=00' }
const PAIRS = Object.entries(HEADERS).map(([name, value]) => ({ name, value }))
const WIRE = `POST /hook HTTP/1.1\r\nHost: x\r\nStripe-Signature: t=1,v1=00\r\n\r\n${BODY}`
const aws = { version: '2.0', routeKey: '$default', rawPath: '/hook', requestContext: {}, headers: HEADERS }
const bin = {
  uuid: 'u',
  type: 'web',
  ip: '::1',
  method: 'POST',
  url: 'http://x',
  headers: { 'Stripe-Signature': ['t=1,v1=00'] },
}
const hubDelivery = {
  id: 1,
  guid: 'g',
  delivered_at: 'now',
  event: 'push',
  request: { headers: HEADERS, payload: EVENT },
}
const letter = {
  id: 'stripe:1',
  key: 'k',
  source: 'stripe',
  type: 't',
  receivedAtMs: 1,
  reason: 'r',
  failures: 1,
  atMs: 1,
}

/** What people keep webhooks in. Each holds BODY once: as it came, or as JSON that was parsed and written again. */
const FORMS: readonly (readonly [name: string, value: unknown, body: string])[] = [
  ['headers and body', { headers: HEADERS, body: BODY }, EXACT],
  ['a body alone in an envelope', { body: BODY }, EXACT],
  ['headers and a parsed body', { headers: HEADERS, body: EVENT }, MADE],
  ['a dead letter', { ...letter, headers: {}, body: BASE64 }, EXACT],
  ['a request bin', { ...bin, content: BODY, query: null, created_at: '2026-01-01' }, EXACT],
  ['a page of a request bin', { data: [{ ...bin, content: BODY }], per_page: 50, current_page: 1 }, EXACT],
  [
    'a logging middleware',
    { id: 'req_1', time: 'now', method: 'POST', url: '/hook', headers: HEADERS, body: EVENT },
    MADE,
  ],
  ['a logger of req', { level: 30, time: 1, req: { method: 'POST', url: '/', headers: HEADERS }, body: EVENT }, MADE],
  ['a log of text in a message', { timestamp: 1, message: JSON.stringify({ headers: HEADERS, body: BODY }) }, EXACT],
  ['a container log', { log: `${BODY}\n`, stream: 'stdout', time: 'now' }, `${EXACT}\n`],
  ['log events', { events: [{ timestamp: 1, message: BODY, ingestionTime: 2 }] }, EXACT],
  ['a structured cloud log', { timestamp: 1, jsonPayload: { headers: HEADERS, rawBody: BODY } }, EXACT],
  ['search hits', { hits: { hits: [{ _id: 'a', _source: { headers: HEADERS, body: BODY } }] } }, EXACT],
  ['a node Buffer', { headers: HEADERS, body: { type: 'Buffer', data: [...Buffer.from(BODY)] } }, EXACT],
  ['headers as pairs', { method: 'POST', path: '/', headers: Object.entries(HEADERS), rawBody: BODY }, EXACT],
  ['headers as a text', { headers: 'Host: x\r\nStripe-Signature: t=1,v1=00', body: BODY }, EXACT],
  ['headers as JSON in a text', { headers: JSON.stringify(HEADERS), request_body: BODY }, EXACT],
  ['a function behind a gateway', { ...aws, body: BASE64, isBase64Encoded: true }, EXACT],
  ['the same without base64', { ...aws, body: BODY, isBase64Encoded: false }, EXACT],
  ['base64 that nobody names', { headers: HEADERS, body: BASE64 }, EXACT],
  [
    'HAR',
    { log: { entries: [{ request: { headers: PAIRS, postData: { mimeType: 'application/json', text: BODY } } }] } },
    EXACT,
  ],
  [
    'HAR in base64',
    {
      log: {
        entries: [{ request: { headers: PAIRS, postData: { mimeType: 'a/b', text: BASE64, encoding: 'base64' } } }],
      },
    },
    EXACT,
  ],
  [
    'a Postman collection',
    { info: {}, item: [{ name: 'f', item: [{ request: { header: PAIRS, body: { mode: 'raw', raw: BODY } } }] }] },
    EXACT,
  ],
  [
    'an Insomnia export',
    {
      _type: 'export',
      resources: [{ _type: 'workspace' }, { _type: 'request', headers: PAIRS, body: { mimeType: 'a/b', text: BODY } }],
    },
    EXACT,
  ],
  [
    'a tunnel',
    {
      requests: [{ id: '1', request: { method: 'POST', headers: HEADERS, raw: Buffer.from(WIRE).toString('base64') } }],
    },
    EXACT,
  ],
  [
    'a tunnel for webhooks',
    { host: 'x', 'content-type': 'application/json', 'stripe-signature': 't', body: EVENT, timestamp: 1 },
    MADE,
  ],
  ['a list of deliveries with requests', [hubDelivery], MADE],
  [
    'a gateway for webhooks',
    { pagination: {}, count: 1, models: [{ id: 'e', data: { path: '/', headers: HEADERS, body: EVENT } }] },
    MADE,
  ],
  ['a queue message', { Messages: [{ MessageId: 'm', ReceiptHandle: 'r', Body: BODY }] }, EXACT],
  [
    'a function of a queue',
    { Records: [{ messageId: 'm', receiptHandle: 'r', body: BODY, eventSource: 'aws:sqs' }] },
    EXACT,
  ],
  [
    'a topic in a queue',
    { Records: [{ receiptHandle: 'r', body: JSON.stringify({ Type: 'Notification', Message: BODY }) }] },
    EXACT,
  ],
  ['a stream', { Records: [{ kinesis: { data: BASE64 } }] }, EXACT],
  ['an event bus', { version: '0', 'detail-type': 't', source: 's', detail: EVENT }, MADE],
  ['a push subscription', { message: { data: BASE64, messageId: '1' }, subscription: 's' }, EXACT],
  ['a topic’s record', { topic: 't', partition: 0, offset: 7, key: null, payload: BODY }, EXACT],
  ['a grid event', { topic: 't', subject: 's', data: EVENT, eventType: 'e', dataVersion: '1' }, MADE],
  ['a list of events', { object: 'list', data: [EVENT], has_more: false, url: '/v1/events' }, MADE],
  ['another list of events', { events: [EVENT], links: [] }, MADE],
  ['an array of events', [EVENT], MADE],
  ['a row of a table', { when: 'now', payload: BODY }, EXACT],
]

async function read(bytes: string | Buffer, name = 'input') {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  const told: string[] = []
  const found = []
  for await (const one of requestsIn(path, (what) => void told.push(what))) found.push(one)
  const bodies = found.map(({ taken }) => (typeof taken === 'string' ? taken : Buffer.from(taken.body).toString()))
  return { found, bodies, told }
}

describe('npm run record reads', () => {
  it.each(FORMS)('%s: alone in a file, pretty, in lines, and one behind the other', async (name, value, body) => {
    const line = JSON.stringify(value)
    const pretty = JSON.stringify(value, null, 2)
    for (const text of [line, `${line}\n`, pretty]) expect((await read(text)).bodies, text).toEqual([body])
    if (Array.isArray(value)) return
    const three = [body, body, body]
    expect((await read(`${line}\n${line}\n\n${line}`)).bodies).toEqual(three)
    expect((await read(`${pretty}\n${pretty}\n${pretty}\n`)).bodies).toEqual(three)
    expect((await read(`[${line},${line},${line}]`)).bodies).toEqual(three)
    const { found } = await read(line)
    const { taken } = found[0]!
    // Where the form keeps headers, they came too.
    if (line.includes('Stripe-Signature') && typeof taken !== 'string') {
      const names = Object.keys(taken.headers).map((one) => one.toLowerCase())
      expect(names, name).toContain('stripe-signature')
    }
  })

  it('a body as it stands, on one line or on many', async () => {
    for (const text of [MADE, JSON.stringify(EVENT, null, 2)]) expect((await read(text)).bodies).toEqual([text])
  })

  it('a request as it went over the wire', async () => {
    expect((await read(WIRE)).bodies).toEqual([BODY])
  })

  it('what Windows writes, and says so', async () => {
    const lines = `${JSON.stringify({ body: BODY })}\r\n`.repeat(2)
    const marked = `\ufeff${lines}`
    const both = [BODY, BODY]
    expect(await read(lines)).toMatchObject({ bodies: both, told: ['its lines end in CR LF'] })
    for (const bytes of [Buffer.from(marked), Buffer.from(marked, 'utf16le'), Buffer.from(lines, 'utf16le')]) {
      const { bodies, told } = await read(bytes)
      expect(bodies).toEqual(both)
      expect(told.join()).toMatch(/mark|UTF-16/)
    }
    await expect(read(Buffer.from([0xfe, 0xff, 0, 0x7b]))).rejects.toThrow('save it as UTF-8')
    await expect(read(Buffer.from([0x1f, 0x8b, 8, 0]))).rejects.toThrow('unpack it first')
  })

  it('a folder, each file by itself', async () => {
    const path = join(folder, 'kept')
    mkdirSync(path)
    const files = {
      '1.json': BODY,
      '2.json': JSON.stringify({ headers: HEADERS, body: BODY }),
      '3.http': WIRE,
      'more/4.json': BODY,
      '.hidden': 'x',
    }
    mkdirSync(join(path, 'more'))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
    const bodies = []
    for await (const { where, taken } of requestsIn(path, () => {})) {
      bodies.push([where, typeof taken === 'string' ? taken : Buffer.from(taken.body).toString()])
    }
    expect(bodies).toEqual(['1.json', '2.json', '3.http', 'more/4.json'].map((name) => [name, BODY]))
  })

  it.each([
    ['a request without a body', { method: 'GET', url: '/', headers: HEADERS }],
    ['a request without a body', { headers: HEADERS, body: null }],
    ['in a form that is not known', { httpMethod: 'POST', stuff: BODY }],
    ['hooks/HOOK/deliveries/DELIVERY has it', { id: 12, guid: 'g', delivered_at: 'now', status: 'OK' }],
    ['neither a request nor', 7],
  ])('no envelope as a body: %s', async (why, value) => {
    const line = JSON.stringify(value)
    const { bodies } = await read(`${MADE}\n${line}\n`)
    expect(bodies).toEqual([MADE, expect.stringContaining(typeof value === 'number' ? 'not JSON' : why)])
  })

  it('a webhook that looks a little like an envelope as what it is', async () => {
    const webhooks = [
      { type: 'email.received', data: { headers: [{ name: 'From', value: 'a@b.c' }], text: 'Hello' } },
      { event: 'message', timestamp: 1, message: { text: 'Hello' } },
      { id: 1, total: 7, items: [{ id: 2 }], data: [1] },
      { entry: [{ changes: [] }], object: 'page' },
      { specversion: '1.0', type: 't', source: 's', id: 'i', data: { a: 1 } },
      { action: 'opened', request: { id: 'req_1' }, url: 'http://x', payload: { a: 1 } },
    ].map((one) => JSON.stringify(one))
    expect((await read(webhooks.join('\n'))).bodies).toEqual(webhooks)
    // Some senders put several events into one list.
    expect((await read('[{"e":1},{"e":2}]\n[{"e":3}]\n')).bodies).toEqual(['[{"e":1},{"e":2}]', '[{"e":3}]'])
  })

  it.each([
    ['1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] "POST /hook HTTP/1.1" 200 8\n'.repeat(40), 'It can serve as --shape'],
    ['<xml/>', 'XML'],
    ['id,body\n1,x\n', 'give one JSON object a line'],
    ['config:\n  phases:\n    - duration: 1\n      arrivalRate: 1\n', 'Its phases can serve as --shape'],
    ['{"cut": ', 'give one JSON object a line'],
  ])('nothing else, in one sentence', async (text, what) => {
    await expect(read(text)).rejects.toThrow(what)
  })
})

describe('whatever is in a file', () => {
  it('is taken apart without an error, into something or a reason', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(...FORMS.map(([, value]) => value)), (value, form) => {
        for (const one of [value, { ...(form as object), body: value }, { data: value, per_page: 1 }, [value]]) {
          const { found } = unwrap(one, Buffer.from(JSON.stringify(one)))
          for (const taken of found) expect(typeof taken === 'string' ? taken : taken.body).not.toHaveLength(0)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('is told apart where documents follow each other, however they are written', () => {
    const document = fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()))
    fc.assert(
      fc.property(
        fc.array(document, { minLength: 1 }),
        fc.constantFrom(0, 2),
        fc.constantFrom('\n', ' ', ',\n', ''),
        (all, indent, between) => {
          const texts = all.map((one) => JSON.stringify(one, null, indent))
          expect(documentsIn(texts.join(between))).toEqual(texts)
          expect(documentsIn(`${texts.join(between)}x`)).toBeUndefined()
        },
      ),
    )
  })
})

describe('an envelope that nobody has seen', () => {
  const inner = { id: 'evt_1', type: 'charge.succeeded', data: { object: { id: 'ch_1' } } }
  const text = JSON.stringify(inner)
  const inside = (provider: Provider, value: unknown) => {
    const found = insideOf(provider, { headers: {}, body: Buffer.from(JSON.stringify(value)) })
    return found === undefined || typeof found === 'string' ? found : Buffer.from(found.body).toString()
  }

  it.each([
    [{ event: inner, attempt: 1 }],
    [{ id: 'msg_1', payload: inner }],
    [{ webhook: { headers: { a: 'b' }, body: text } }],
    [{ http: { request: { headers: { a: 'b' }, body: { content: text } } } }],
    [{ specversion: '1.0', id: 'x', type: 'com.stripe', source: 's', data: inner }],
  ])('is opened where the provider knows what is inside: %j', (value) => {
    expect(inside(stripe, value)).toBe(text)
  })

  it('is left as it is where the provider knows it, and where nothing tells an event from a part of one', () => {
    expect(inside(stripe, inner)).toBeUndefined()
    expect(inside(stripe, { ...inner, previous: inner })).toBeUndefined()
    // The id of these lies in a header, so that any object might be an event.
    const part = { order: { type: 'gift', number: 7 } }
    for (const provider of [generic, github]) expect(inside(provider, part)).toBeUndefined()
    expect(inside(github, { kept: { headers: { 'x-github-event': 'push' }, body: '{"ref":"x"}' } })).toBe('{"ref":"x"}')
    expect(inside(stripe, { a: inner, b: inner })).toContain('several events')
  })
})

describe('what a schema needs', () => {
  it('stays where --keep names it, by name or by path', () => {
    const made = (keep?: string) => {
      const keeping = new Keeping(keep)
      const { body } = templateOf(stripe, { headers: {}, body: Buffer.from(BODY) }, (path) => keeping.keeps(path))
      return { said: keeping.said(), ...JSON.parse(body).data.object }
    }
    expect(made().currency).not.toBe('eur')
    expect(made('currency, data.object.note')).toMatchObject({ currency: 'eur', note: 'x {"} é' })
    expect(made('object.currency,nothing').said).toBe(
      'Every value is replaced but those of object.currency (1), nothing (not found)',
    )
    expect(made('data').currency).not.toBe('eur')
    expect(() => new Keeping('a,,b')).toThrow('an empty name')
  })
})

describe('a file of bodies', () => {
  it('is read with a byte order mark, CR LF and empty lines too', () => {
    const path = join(folder, 'mine.jsonl')
    const line = JSON.stringify({ provider: 'stripe', type: 't', body: '{}' })
    writeFileSync(path, `\ufeff${line}\r\n\r\n${line}\r\n`)
    expect(readBodies(path, 'stripe')).toHaveLength(2)
    writeFileSync(path, Buffer.from(`\ufeff${line}\r\n`, 'utf16le'))
    expect(readBodies(path, 'stripe')).toHaveLength(1)
  })
})
