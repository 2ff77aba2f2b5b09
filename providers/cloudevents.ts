import { createHash, randomBytes } from 'node:crypto'
import { jsonBody, keyAt, textAt } from '../src/core/base/json-body.ts'
import { jsonTemplate } from '../src/core/base/json-template.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Incoming } from '../src/core/contracts/incoming.ts'
import type { Provider } from '../src/core/contracts/provider.ts'
import type { Reply } from '../src/core/contracts/reply.ts'
import { noMatch, sameBytes, secretText, signedHeader, textSecret } from '../src/core/receiving/signature.ts'

/**
 * CloudEvents 1.0 over HTTP, as its webhook specification 1.0.2 sends them: `authorization: Bearer <token>`, or `access_token`
 * in the query. The token proves the sender, not the content, so use TLS. Binary and structured mode are taken. Batched mode
 * is refused with 415: each of its events would be stored with the bodies of all. Attributes of an extension are kept where
 * they are in the body, and of headers those that the specification documents. The sender may ask by OPTIONS first whether
 * it may send, and how much. It then gets the rate that is known to hold here.
 */

const STRUCTURED = 'application/cloudevents+json'
/** Any other type of this family is a batch, or a format that is not JSON. */
const FAMILY = /^application\/cloudevents(?![a-z0-9])/i
const IS_STRUCTURED = /^application\/cloudevents\+json *(;|$)/i
/** RFC 6750: what a bearer token is made of. */
const TOKEN = /^[a-z0-9._~+/-]+=*$/i
/** A name of the DNS, in which a label may stand for any. */
const ORIGIN = /^[a-z0-9*_-]+(\.[a-z0-9*_-]+)*(:\d{1,5})?$/i
const ORIGIN_CHARS_MAX = 253
/** Enough to tell sources apart; an id is unique within its source alone. */
const SOURCE_CHARS = 16

const ATTRIBUTES = ['specversion', 'id', 'source', 'type', 'subject', 'time', 'dataschema']
/** Documented extensions. */
const EXTENSIONS = [
  ...['partitionkey', 'sequence', 'sequencetype', 'sampledrate', 'dataref', 'expirytime', 'recordedtime'],
  ...[
    'traceparent',
    'tracestate',
    'correlationid',
    'causationid',
    'severitytext',
    'severitynumber',
    'authtype',
    'authid',
  ],
]

const S = 1_000
const HOUR_MS = 3_600 * S
/** Waits before attempts 2 to 11, as Azure Event Grid has them: the specification names none. */
const WAITS_MS = [10 * S, 30 * S, 60 * S, 300 * S, 600 * S, 1_800 * S, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS]

const digest = (text: string | Uint8Array) => createHash('sha256').update(text).digest()

/** The token of a request, in one of its two places. */
function tokenOf(request: Incoming): string {
  const header = request.header('authorization')
  const query = request.url.includes('?') ? new URLSearchParams(request.url.slice(request.url.indexOf('?'))) : undefined
  const inQuery = query?.getAll('access_token') ?? []
  if (header === undefined && inQuery.length === 1) return signedHeader(inQuery[0], 'access_token')
  const [, token] = /^bearer +(\S+)$/i.exec(signedHeader(header, 'authorization')) ?? []
  if (token && TOKEN.test(token) && inQuery.length === 0) return token
  throw new FloodmarkError(
    'bad-signature',
    'the request has no single bearer token: send authorization: Bearer <token>',
  )
}

/** A header's value percent-encodes all that is not visible ASCII. */
function decoded(value: string | undefined, name: string): string | undefined {
  if (!value?.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    throw new FloodmarkError('bad-request', `header ${name} has a percent sign that encodes nothing: encode it`)
  }
}

/** The attributes by their names: in structured mode members of the body, else headers. */
function attributesOf(request: Incoming): (name: string) => string | undefined {
  const type = request.header('content-type') ?? ''
  if (IS_STRUCTURED.test(type) || (type === '' && request.header('ce-specversion') === undefined)) {
    const event = jsonBody(request.raw)
    return (name) => (name === 'partitionkey' ? keyAt(event, name) : textAt(event, name))
  }
  if (FAMILY.test(type)) {
    const what = `${type.slice(0, 60)} is not taken: send each event alone, in binary mode or as ${STRUCTURED}`
    throw new FloodmarkError('bad-request', what, { reason: 'format' })
  }
  return (name) => decoded(request.header(`ce-${name}`), `ce-${name}`)
}

const order = jsonTemplate({
  specversion: '1.0',
  id: '<id>',
  source: '/shop/orders',
  type: '<type>',
  subject: '<key>',
  time: '2026-09-01T08:30:00.<digits>Z',
  datacontenttype: 'application/json',
  dataschema: 'https://schemas.example.com/orders/3',
  data: {
    order: '<number>',
    status: 'confirmed',
    currency: 'INR',
    amount: '<#number>',
    customer: { name: 'A. Customer', email: 'customer@example.com', country: 'IN' },
    lines: [
      { sku: 'KRT-BLU-42', title: 'Cotton kurta, indigo, size 42', quantity: 1, unitAmount: 149_900 },
      { sku: 'LMP-DSK-01', title: 'Desk lamp, brass', quantity: 1, unitAmount: 219_900 },
    ],
  },
})
const TYPES = ['com.example.order.created', 'com.example.order.paid', 'com.example.order.shipped'] as const

const cloudevents: Provider = {
  name: 'cloudevents',
  module: import.meta.url,
  signatureHeaders: ['authorization'],
  contextHeaders: ['content-type', ...[...ATTRIBUTES, ...EXTENSIONS].map((name) => `ce-${name}`)],
  contentType: STRUCTURED,
  // Taken, and not processed yet.
  acceptedStatus: 202,
  delivery: {
    attemptsMax: 1 + WAITS_MS.length,
    timeoutMs: 30 * S,
    waitMs: (attempt) => WAITS_MS[attempt - 2]!,
    // The specification: a sender does not come again after 410, nor with what was not understood.
    stopsOn: [410, 415],
    honoursRetryAfter: true,
    model: true,
  },

  secret(text) {
    if (!TOKEN.test(secretText('cloudevents', text))) {
      const what = 'the cloudevents secret has characters that no bearer token has'
      throw new FloodmarkError('misuse', `${what}: use letters, digits and - . _ ~ + /`)
    }
    return textSecret('cloudevents', text)
  },

  newSecret() {
    const text = randomBytes(24).toString('base64url')
    return { signing: text, verifying: text }
  },

  verify(request, secrets) {
    // Digests have one length, so the comparison's duration does not tell the token's length.
    const claim = digest(tokenOf(request))
    if (!secrets.some((secret) => sameBytes(claim, digest(secret.export())))) throw noMatch()
  },

  sign: (_body, secret) => ({ authorization: `Bearer ${secret.export()}` }),

  identify(request) {
    const attribute = attributesOf(request)
    const [id, source, type] = ['id', 'source', 'type', 'specversion'].map((name) => {
      const value = attribute(name)
      if (!value) throw new FloodmarkError('bad-request', `the CloudEvent has no ${name}: send it`)
      return value
    }) as [string, string, string]
    const from = digest(source).toString('hex').slice(0, SOURCE_CHARS)
    return { id: `${from}:${id}`, key: attribute('partitionkey') ?? attribute('subject') ?? id, type }
  },

  preflight(header, perMinute): Reply {
    const origin = header('webhook-request-origin') ?? ''
    if (!ORIGIN.test(origin) || origin.length > ORIGIN_CHARS_MAX) {
      return { status: 400, reason: 'send WebHook-Request-Origin', headers: { allow: 'POST' } }
    }
    const headers = {
      allow: 'POST',
      'webhook-allowed-origin': origin,
      'webhook-allowed-rate': String(perMinute ?? '*'),
    }
    return { status: 200, reason: 'send', headers }
  },

  sample(random, { id, key }) {
    const type = TYPES[Math.floor(random() * TYPES.length)]!
    const number = 100_000 + Math.floor(random() * 900_000)
    return { type, body: order({ id, key, type, number, digits: number }) }
  },
}

export default cloudevents
