import { FloodmarkError } from '../src/core/errors.ts'
import type { Provider } from '../src/core/provider.ts'
import { fillers } from '../src/core/sample.ts'
import { badSignature, checkHmac, checkTimestamp, hmacHex, hmacSecret, parseObject, SIGNATURES_MAX, textAt } from '../src/core/signature.ts'

/** The official library refuses only what is older; a time as far ahead is refused here too. */
const WINDOW_S = 300
const HOUR_MS = 3_600_000
/** Waits before attempts 2, 3, …; then daily. Stripe publishes three days and "exponential" only. */
const WAITS_MS = [HOUR_MS / 12, HOUR_MS / 2, 2 * HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS, 16 * HOUR_MS]
const KINDS = [
  { type: 'payment_intent.succeeded', object: 'payment_intent', share: 0.5, fill: fillers(1_000, 6) },
  { type: 'charge.succeeded', object: 'charge', share: 0.3, fill: fillers(2_950, 7) },
  { type: 'invoice.paid', object: 'invoice', share: 0.2, fill: fillers(3_600, 8) },
] as const

/** Stripe: `t=<unix>,v1=<hex>[,v1=…]` over `<t>.<body>`; v0 is a test scheme and ignored. The key is the whole whsec_ text. */
const stripe: Provider = {
  name: 'stripe',
  module: import.meta.url,
  signatureHeaders: ['stripe-signature'],
  contextHeaders: ['content-type', 'user-agent'],
  secret: hmacSecret,

  verify(request, secrets) {
    const parts = request.header('stripe-signature')?.split(',', SIGNATURES_MAX + 2) ?? []
    const claimed = parts.flatMap((part) => (part.startsWith('v1=') ? part.slice(3) : []))
    if (claimed.length === 0 || claimed.length > SIGNATURES_MAX) throw badSignature()
    const t = parts.find((part) => part.startsWith('t='))?.slice(2)
    const timestamp = checkTimestamp(t, request.receivedAtMs, WINDOW_S)
    checkHmac(claimed, secrets, `${timestamp}.`, request.raw)
  },

  sign(raw, secret, { atMs }) {
    const timestamp = Math.floor(atMs / 1_000)
    return { 'stripe-signature': `t=${timestamp},v1=${hmacHex(secret, `${timestamp}.`, raw)}` }
  },

  identify(request) {
    const body = parseObject(request.raw)
    const id = textAt(body, 'id')
    if (!id) throw new FloodmarkError('bad-request', 'the event has no id')
    const key = textAt(body, 'data', 'object', 'customer') ?? textAt(body, 'data', 'object', 'id') ?? id.slice(0, 128)
    return { id, key, type: textAt(body, 'type') ?? 'unknown' }
  },

  delivery: { attemptsMax: 9, timeoutMs: 10_000, waitMs: (attempt) => WAITS_MS[attempt - 2] ?? 24 * HOUR_MS, model: true },

  sample(random, { id, key }) {
    let draw = random()
    const kind = KINDS.find(({ share }) => (draw -= share) < 0) ?? KINDS[0]
    const amount = 50 + Math.floor(random() * 1e6)
    const text = `{"id":"evt_${id}","object":"event","api_version":"2025-03-31","created":${1_700_000_000 + Math.floor(random() * 1e7)},"type":"${kind.type}","livemode":true,"pending_webhooks":1,"request":{"id":null,"idempotency_key":null},"data":{"object":{"id":"${kind.object}_${id}","object":"${kind.object}","amount":${amount},"currency":"usd","customer":"cus_${key}","status":"succeeded","description":"${kind.fill(random)}"}}}`
    return { type: kind.type, body: Buffer.from(text) }
  },
}
export default stripe
