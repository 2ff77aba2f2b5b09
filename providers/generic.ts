import { jsonBody, keyAt, numberAt, textAt } from '../src/core/base/json-body.ts'
import { jsonTemplate } from '../src/core/base/json-template.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Provider } from '../src/core/contracts/provider.ts'
import {
  hmacHex,
  requireFresh,
  requireHmac,
  schemeItems,
  signedHeader,
  TIMESTAMP_TOLERANCE_S,
  textSecret,
  v1Claims,
} from '../src/core/receiving/signature.ts'

/**
 * This kit's own scheme, for senders that are yours: `x-webhook-signature: v1=<hex>[,v1=<hex>]`, HMAC-SHA256 over
 * `<x-webhook-id>.<x-webhook-timestamp>.` and the raw body. The timestamp is in Unix seconds and may be off by 300 s. `type`,
 * `key` and, where a sender numbers the events of a key, `sequence` are members of the JSON body: only signed data is
 * trusted.
 */

/** Visible ASCII without the dot. With a dot allowed, `a.1` + `2` and `a` + `1.2` would be signed alike. */
const ID = /^[!-\-/-~]+$/

/** Waits in ms before attempts 2 to 8: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h (the schedule that Svix uses). */
const WAITS_MS = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000]

const body = jsonTemplate({
  id: '<id>',
  type: '<type>',
  key: '<key>',
  createdAt: '<#createdS>',
  data: {
    account: { id: '<key>', plan: 'business', region: 'ap-south-1', currency: 'INR', tags: ['priority', 'verified'] },
    order: {
      number: '<#number>',
      amount: '<#amount>',
      status: 'confirmed',
      note: 'Leave with the security desk if nobody is at home; call before delivery.',
    },
    lines: [
      { sku: 'KRT-BLU-42', title: 'Cotton kurta, indigo, size 42', quantity: 1, unitAmount: 149_900, taxRate: 0.05 },
      { sku: 'TWL-SET-06', title: 'Bath towels, set of six', quantity: 2, unitAmount: 89_900, taxRate: 0.12 },
      { sku: 'LMP-DSK-01', title: 'Desk lamp, brass', quantity: 1, unitAmount: 219_900, taxRate: 0.18 },
    ],
    shipping: { name: 'A. Customer', line1: '14 Residency Road', city: 'Bengaluru', postcode: '560025', country: 'IN' },
    links: { self: 'https://api.example.com/orders/<number>', invoice: 'https://api.example.com/invoices/<number>' },
  },
})
const TYPES = ['order.created', 'order.updated', 'order.paid'] as const

const generic: Provider = {
  name: 'generic',
  module: import.meta.url,
  signatureHeaders: ['x-webhook-id', 'x-webhook-timestamp', 'x-webhook-signature'],
  contextHeaders: [],
  staleAfterMs: TIMESTAMP_TOLERANCE_S * 1_000,
  delivery: {
    attemptsMax: 1 + WAITS_MS.length,
    timeoutMs: 15_000,
    waitMs: (attempt, random) => WAITS_MS[attempt - 2]! * (0.9 + 0.2 * random()),
    model: false,
  },

  secret: (text) => textSecret('generic', text),

  verify(request, secrets) {
    const id = signedHeader(request.header('x-webhook-id'), 'x-webhook-id')
    const timestamp = signedHeader(request.header('x-webhook-timestamp'), 'x-webhook-timestamp')
    const signature = signedHeader(request.header('x-webhook-signature'), 'x-webhook-signature')
    if (!ID.test(id)) throw new FloodmarkError('bad-signature', 'x-webhook-id must be visible ASCII without a dot')
    requireFresh(timestamp, request.receivedAtMs)
    requireHmac(v1Claims(schemeItems(signature)), secrets, `${id}.${timestamp}.`, request.raw)
  },

  sign(raw, secret, { id, atMs }) {
    const timestamp = String(Math.floor(atMs / 1000))
    return {
      'x-webhook-id': id,
      'x-webhook-timestamp': timestamp,
      'x-webhook-signature': `v1=${hmacHex(secret, `${id}.${timestamp}.`, raw)}`,
    }
  },

  identify(request) {
    const id = request.header('x-webhook-id')
    if (!id) throw new FloodmarkError('bad-request', 'header x-webhook-id is missing: send the id of the event')
    const event = jsonBody(request.raw)
    const sequence = numberAt(event, 'sequence')
    const identity = { id, key: keyAt(event, 'key') ?? id, type: textAt(event, 'type') ?? 'unknown' }
    return sequence === undefined ? identity : { ...identity, sequence }
  },

  sample(random, { id, key }) {
    const type = TYPES[Math.floor(random() * TYPES.length)]!
    const values = {
      id,
      key,
      type,
      createdS: 1_700_000_000 + Math.floor(random() * 10_000_000),
      number: 10_000_000 + Math.floor(random() * 90_000_000),
      amount: 10_000 + Math.floor(random() * 990_000),
    }
    return { type, body: body(values) }
  },
}

export default generic
