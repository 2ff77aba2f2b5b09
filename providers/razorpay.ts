import { FloodmarkError } from '../src/core/errors.ts'
import type { Provider } from '../src/core/provider.ts'
import { checkHmac, hmacHex, hmacSecret, parseObject, textAt } from '../src/core/signature.ts'

const MINUTE_MS = 60_000

/**
 * Razorpay: HMAC-SHA256 hex of the raw body; no timestamp. The event id travels in a header that is not signed: a replay
 * under another id passes the signature, so keep the route behind TLS. Retries of older events still carry the signature of
 * the secret that was current then: keep it in the list.
 */
const razorpay: Provider = {
  name: 'razorpay',
  module: import.meta.url,
  signatureHeaders: ['x-razorpay-signature'],
  contextHeaders: ['x-razorpay-event-id', 'content-type', 'user-agent'],
  secret: hmacSecret,

  verify(request, secrets) {
    checkHmac([request.header('x-razorpay-signature') ?? ''], secrets, request.raw)
  },

  sign(raw, secret, { id }) {
    return { 'x-razorpay-event-id': id, 'x-razorpay-signature': hmacHex(secret, raw) }
  },

  identify(request) {
    const id = request.header('x-razorpay-event-id')
    if (!id) throw new FloodmarkError('bad-request', 'x-razorpay-event-id is missing')
    const body = parseObject(request.raw)
    const order = textAt(body, 'payload', 'payment', 'entity', 'order_id') ?? textAt(body, 'payload', 'order', 'entity', 'id')
    const key = order ?? textAt(body, 'payload', 'payment', 'entity', 'id') ?? id.slice(0, 128)
    return { id, key, type: textAt(body, 'event') ?? 'unknown' }
  },

  // The intervals are not published: doubling from one minute for 24 hours stands in for them.
  delivery: { attemptsMax: 12, timeoutMs: 5_000, waitMs: (attempt) => MINUTE_MS * 2 ** (attempt - 2), model: true },

  sample(random, { id, key }) {
    const type = random() < 0.7 ? 'payment.captured' : 'order.paid'
    const amount = 100 + Math.floor(random() * 5e6)
    const at = 1_700_000_000 + Math.floor(random() * 1e7)
    const payment = `{"id":"pay_${id}","entity":"payment","amount":${amount},"currency":"INR","status":"captured","order_id":"order_${key}","invoice_id":null,"international":false,"method":"upi","amount_refunded":0,"refund_status":null,"captured":true,"description":"Sale order","card_id":null,"bank":null,"wallet":null,"vpa":"buyer@upi","email":"buyer@example.com","contact":"+919900000000","notes":{"address":"12 Sample Street"},"fee":${Math.floor(amount / 50)},"tax":${Math.floor(amount / 300)},"error_code":null,"error_description":null,"error_source":null,"error_step":null,"error_reason":null,"acquirer_data":{"rrn":"${at}","upi_transaction_id":"${id}"},"created_at":${at}}`
    const text = `{"entity":"event","account_id":"acc_Sample00000001","event":"${type}","contains":["payment"],"payload":{"payment":{"entity":${payment}}},"created_at":${at}}`
    return { type, body: Buffer.from(text) }
  },
}
export default razorpay
