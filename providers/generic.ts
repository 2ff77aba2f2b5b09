import { FloodmarkError } from '../src/core/errors.ts'
import type { Provider } from '../src/core/provider.ts'
import { fillers } from '../src/core/sample.ts'
import { checkHmac, checkTimestamp, hmacHex, hmacSecret, parseObject, SIGNATURES_MAX, textAt } from '../src/core/signature.ts'

/** How far the sender's clock may be off, and a recorded request may be sent again, either way, s. */
const WINDOW_S = 300
const body = fillers(900, 1)

/** A scheme of our own for senders that have none: HMAC-SHA256 over `<id>.<timestamp>.<body>`; type and key are read from the signed body only. */
const generic: Provider = {
  name: 'generic',
  module: import.meta.url,
  signatureHeaders: ['x-webhook-id', 'x-webhook-timestamp', 'x-webhook-signature'],
  contextHeaders: ['x-webhook-id', 'content-type', 'user-agent'],
  secret: hmacSecret,

  verify(request, secrets) {
    const timestamp = checkTimestamp(request.header('x-webhook-timestamp'), request.receivedAtMs, WINDOW_S)
    const offered = request.header('x-webhook-signature')?.split(',', SIGNATURES_MAX + 1) ?? []
    const claimed = offered.slice(0, SIGNATURES_MAX).flatMap((one) => (one.startsWith('v1=') ? one.slice(3) : []))
    checkHmac(claimed, secrets, `${request.header('x-webhook-id') ?? ''}.${timestamp}.`, request.raw)
  },

  sign(raw, secret, { id, atMs }) {
    const timestamp = String(Math.floor(atMs / 1_000))
    const signature = `v1=${hmacHex(secret, `${id}.${timestamp}.`, raw)}`
    return { 'x-webhook-id': id, 'x-webhook-timestamp': timestamp, 'x-webhook-signature': signature }
  },

  identify(request) {
    const id = request.header('x-webhook-id')
    if (!id) throw new FloodmarkError('bad-request', 'x-webhook-id is missing')
    let parsed: unknown
    try {
      parsed = parseObject(request.raw)
    } catch {
      // Any bytes may be sent; only JSON can name a type and a key.
    }
    return { id, key: textAt(parsed, 'key') ?? id.slice(0, 128), type: textAt(parsed, 'type') ?? 'unknown' }
  },

  delivery: { attemptsMax: 8, timeoutMs: 10_000, waitMs: (attempt, random) => random() * 1_000 * 2 ** attempt, model: true },

  sample(random, { id, key }) {
    const text = `{"type":"order.created","id":"${id}","key":"${key}","amount":${Math.floor(random() * 1e6)},"note":"${body(random)}"}`
    return { type: 'order.created', body: Buffer.from(text) }
  },
}
export default generic
