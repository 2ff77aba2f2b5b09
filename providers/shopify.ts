import { exactTextAt, jsonBody, textAt } from '../src/core/base/json-body.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Incoming } from '../src/core/contracts/incoming.ts'
import type { Provider } from '../src/core/contracts/provider.ts'
import { decodeSignature, hmacBase64, requireHmac, signedHeader, textSecret } from '../src/core/receiving/signature.ts'
import { sampleEvent } from './samples/shopify.ts'

/**
 * Shopify: `x-shopify-hmac-sha256: <base64>`, HMAC-SHA256 of the raw body. The key is the app's client secret, as it is.
 * The newer family of headers has the same names without `x-`. No header is signed and there is no timestamp: the ledger's
 * memory of ids, and TLS, stop replays.
 */

const MINUTE_MS = 60_000
/** Waits in ms before attempts 2 to 9: doubling, cut so that the eighth retry comes 4 h after the event. */
const WAITS_MS = [1, 2, 4, 8, 16, 32, 64, 113].map((minutes) => minutes * MINUTE_MS)

/** A header in either family. If a request has both, the older one counts. */
function either(request: Incoming, name: string): string | undefined {
  return request.header(`x-shopify-${name}`) ?? request.header(`shopify-${name}`)
}

const shopify: Provider = {
  name: 'shopify',
  module: import.meta.url,
  signatureHeaders: ['x-shopify-hmac-sha256', 'shopify-hmac-sha256'],
  contextHeaders: ['topic', 'event-id', 'webhook-id', 'shop-domain', 'triggered-at', 'api-version'].flatMap((name) => [
    `x-shopify-${name}`,
    `shopify-${name}`,
  ]),
  delivery: {
    attemptsMax: 1 + WAITS_MS.length,
    timeoutMs: 5_000,
    waitMs: (attempt) => WAITS_MS[attempt - 2]!,
    // Shopify removes an Admin API subscription when all 8 retries of an event have failed, so after 4 h of failure.
    disables: { afterMs: 240 * MINUTE_MS },
    model: true, // Shopify publishes "8 retries over 4 h, exponential" and the 5 s, but not the waits
  },

  secret: (text) => textSecret('shopify', text),

  verify(request, secrets) {
    const signature = signedHeader(either(request, 'hmac-sha256'), 'x-shopify-hmac-sha256')
    const claim = decodeSignature(signature, 'base64')
    requireHmac(claim ? [claim] : [], secrets, '', request.raw)
  },

  sign: (body, secret, { id, type, atMs }) => ({
    'x-shopify-topic': type,
    'x-shopify-hmac-sha256': hmacBase64(secret, '', body),
    'x-shopify-shop-domain': 'example-store.myshopify.com',
    'x-shopify-api-version': '2026-07',
    'x-shopify-webhook-id': id,
    'x-shopify-event-id': id,
    'x-shopify-triggered-at': new Date(atMs).toISOString(),
  }),

  identify(request) {
    // The webhook id is that of a delivery and its repetitions. All that one action of a merchant's causes has one event id,
    // as the updates of many products by a single edit have: it would make copies of them.
    const delivery = either(request, 'webhook-id') ?? either(request, 'event-id')
    if (!delivery)
      throw new FloodmarkError('bad-request', 'header x-shopify-webhook-id is missing: the event has no identity')
    const type = either(request, 'topic') || 'unknown'
    const id = `${type}:${delivery}`
    const body = jsonBody(request.raw)
    // Ids have 64 bits, which JSON.parse rounds.
    const order = exactTextAt(request.raw, body, 'order_id')
    const own = textAt(body, 'admin_graphql_api_id') ?? exactTextAt(request.raw, body, 'id')
    const key = order ? `gid://shopify/Order/${order}` : own
    return { id, key: key ?? id, type }
  },

  sample: sampleEvent,
}

export default shopify
