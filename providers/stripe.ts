import { digestOfParts } from '../src/core/base/copy-digest.ts'
import { jsonBody, textAt } from '../src/core/base/json-body.ts'
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
import { sampleEvent } from './samples/stripe.ts'

/**
 * Stripe: `stripe-signature: t=<unix s>,v1=<hex>[,v1=<hex>]`, HMAC-SHA256 over `<t>.` and the raw body. The key is the whole
 * `whsec_…` text. `v0` is a test scheme and ignored. Stricter than Stripe's SDK: the SDK accepts any future timestamp, here one
 * more than 300 s ahead is refused, because it would stay replayable until its time has come.
 */

const HOUR_MS = 3_600_000
/** Waits in ms before attempts 2 to 8. A further daily one would end beyond the 3 days for which Stripe retries. */
const WAITS_MS = [HOUR_MS / 12, HOUR_MS / 2, 2 * HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS, 16 * HOUR_MS, 24 * HOUR_MS]

/**
 * Stripe documents `pending_webhooks` as the number of endpoints that have not taken the event yet, so it may be another one in
 * each copy. The digest leaves it out.
 */
const PENDING = Buffer.from('"pending_webhooks":')
function digestOf(raw: Uint8Array): number {
  const body = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  const at = body.lastIndexOf(PENDING)
  if (at === -1) return digestOfParts(body)
  let end = at + PENDING.length
  while (body[end] === SPACE || (body[end]! >= ZERO && body[end]! <= NINE)) end++
  return digestOfParts(body.subarray(0, at), body.subarray(end))
}
const [SPACE, ZERO, NINE] = [0x20, 0x30, 0x39]

const stripe: Provider = {
  name: 'stripe',
  module: import.meta.url,
  signatureHeaders: ['stripe-signature'],
  publishedAddresses: {
    asOf: '2026-05-15',
    source: 'https://stripe.com/files/ips/ips_webhooks.txt',
    ranges: [
      ...['3.18.12.63', '3.69.109.8', '3.120.168.93', '3.130.192.231', '13.235.14.237', '13.235.122.149'],
      ...['18.211.135.69', '35.154.171.200', '35.157.207.129', '52.15.183.38', '54.88.130.119', '54.88.130.237'],
      ...['54.187.174.169', '54.187.205.235', '54.187.216.72'],
    ],
  },
  contextHeaders: [],
  staleAfterMs: TIMESTAMP_TOLERANCE_S * 1_000,
  delivery: {
    attemptsMax: 1 + WAITS_MS.length,
    timeoutMs: 20_000,
    waitMs: (attempt) => WAITS_MS[attempt - 2]!,
    resendsForMs: 72 * HOUR_MS,
    // Stripe does not publish when it disables an endpoint. Here it does so when it gives up the first refused event.
    disables: { afterMs: 72 * HOUR_MS },
    model: true, // Stripe publishes "exponential, up to 3 days", but neither the waits nor the timeout
  },

  secret: (text) => textSecret('stripe', text),

  verify(request, secrets) {
    const items = schemeItems(signedHeader(request.header('stripe-signature'), 'stripe-signature'))
    const times = items.filter(([scheme]) => scheme === 't')
    if (times.length !== 1) throw new FloodmarkError('bad-signature', 'stripe-signature must have exactly one t=')
    const timestamp = times[0]![1]
    requireFresh(timestamp, request.receivedAtMs)
    requireHmac(v1Claims(items), secrets, `${timestamp}.`, request.raw)
  },

  sign(body, secret, { atMs }) {
    const timestamp = Math.floor(atMs / 1000)
    return { 'stripe-signature': `t=${timestamp},v1=${hmacHex(secret, `${timestamp}.`, body)}` }
  },

  identify(request) {
    const event = jsonBody(request.raw)
    const id = textAt(event, 'id')
    if (id === undefined) throw new FloodmarkError('bad-request', 'the body has no id: a Stripe event is JSON with one')
    // `customer` is an id, or the customer itself where the endpoint's version expands it.
    const key =
      textAt(event, 'data', 'object', 'customer') ??
      textAt(event, 'data', 'object', 'customer', 'id') ??
      // Charges, refunds and disputes without a customer name their payment. Those of a customer's charge are in its lane, not his.
      textAt(event, 'data', 'object', 'payment_intent') ??
      textAt(event, 'data', 'object', 'id') ??
      // A thin event only names what it is about.
      textAt(event, 'related_object', 'id') ??
      id
    return { id, key, type: textAt(event, 'type') ?? 'unknown', digest: digestOf(request.raw) }
  },

  sample: sampleEvent,
}

export default stripe
