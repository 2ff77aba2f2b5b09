import { jsonBody, textAt } from '../src/core/base/json-body.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Incoming } from '../src/core/contracts/incoming.ts'
import type { Provider } from '../src/core/contracts/provider.ts'
import { decodeSignature, hmacBase64, requireHmac, signedHeader, textSecret } from '../src/core/receiving/signature.ts'
import { sampleEvent } from './samples/shopify.ts'

/**
 * Shopify: `x-shopify-hmac-sha256: <base64>`, HMAC-SHA256 of the raw body; the key is the app's client secret, as it is.
 * The newer family of headers has the same names without `x-`. No header is signed and no timestamp: replays are
 * stopped by the ledger's memory of ids, and by TLS.
 */

const MINUTE_MS = 60_000
/** Waits before attempts 2 to 9, ms: doubling, cut so that the eighth retry comes 4 h after the event. */
const WAITS_MS = [1, 2, 4, 8, 16, 32, 64, 113].map((minutes) => minutes * MINUTE_MS)

/** A header in either family; both at once would be two answers to one question, and the older one counts. */
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
    // A subscription made by the Admin API is removed when all 8 retries of an event have failed, so after 4 h of failure.
    disables: { afterMs: 240 * MINUTE_MS },
    model: true, // Shopify publishes "8 retries over 4 h, exponential" and the 5 s, not the waits
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
    // The event id is one for all that an action causes: a paid order is told as orders/paid and as orders/updated.
    const event = either(request, 'event-id') ?? either(request, 'webhook-id')
    if (!event)
      throw new FloodmarkError('bad-request', 'header x-shopify-event-id is missing: the event has no identity')
    const type = either(request, 'topic') || 'unknown'
    const id = `${type}:${event}`
    const body = jsonBody(request.raw)
    // Ids of 64 bits are rounded by JSON.parse, and textAt refuses them: the text beside them is exact.
    const order = textAt(body, 'order_id')
    const key = order ? `gid://shopify/Order/${order}` : (textAt(body, 'admin_graphql_api_id') ?? textAt(body, 'id'))
    return { id, key: key ?? id, type }
  },

  sample: sampleEvent,
}

export default shopify
