import { jsonBody, textAt } from '../src/core/base/json-body.ts'
import { jsonTemplate } from '../src/core/base/json-template.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Provider } from '../src/core/contracts/provider.ts'
import { decodeSignature, hmacHex, requireHmac, signedHeader, textSecret } from '../src/core/receiving/signature.ts'

/**
 * Razorpay: `x-razorpay-signature` is the hex HMAC-SHA256 of the raw body. There is no timestamp, and the event id in
 * `x-razorpay-event-id` is not signed: the ledger's memory of ids, and TLS, stop replays. Retries of events from before a
 * rotation are still signed with the old secret: keep it on the route for a day.
 */

/** Retries stop 24 h after the event. Doubling from 1 min, the 10th wait ends at 17 h and the next would end at 34 h. */
const FIRST_WAIT_MS = 60_000
const WAITS = 10

const payment = {
  entity: {
    id: 'pay_<number>',
    entity: 'payment',
    amount: '<#amount>',
    currency: 'INR',
    status: 'captured',
    order_id: 'order_<key>',
    invoice_id: null,
    international: false,
    method: 'upi',
    amount_refunded: 0,
    refund_status: null,
    captured: true,
    description: 'Order <number>',
    card_id: null,
    bank: null,
    wallet: null,
    vpa: 'customer@okbank',
    email: 'customer@example.com',
    contact: '+919000090000',
    notes: { address: '14 Residency Road, Bengaluru' },
    fee: '<#fee>',
    tax: 36,
    error_code: null,
    error_description: null,
    error_source: null,
    error_step: null,
    error_reason: null,
    acquirer_data: { rrn: '<number>', upi_transaction_id: '<id>' },
    created_at: '<#createdS>',
    upi: { payer_account_type: 'bank_account', vpa: 'customer@okbank' },
  },
}
const paymentOfPaidOrder = {
  entity: {
    id: 'pay_<number>',
    entity: 'payment',
    amount: '<#amount>',
    currency: 'INR',
    status: 'captured',
    order_id: 'order_<key>',
    method: 'netbanking',
    captured: true,
    bank: 'HDFC',
    email: 'customer@example.com',
    contact: '+919000090000',
    fee: '<#fee>',
    created_at: '<#createdS>',
  },
}
const order = {
  entity: {
    id: 'order_<key>',
    entity: 'order',
    amount: '<#amount>',
    amount_paid: '<#amount>',
    amount_due: 0,
    currency: 'INR',
    receipt: 'rcpt_<number>',
    offer_id: null,
    status: 'paid',
    attempts: 1,
    notes: { source: '<id>' },
    created_at: '<#createdS>',
  },
}

function event(type: string, payload: Record<string, unknown>) {
  const contains = Object.keys(payload)
  const envelope = { entity: 'event', account_id: 'acc_BFQ7uQEaa7j2z7', event: type, contains, payload }
  return { type, body: jsonTemplate({ ...envelope, created_at: '<#createdS>' }) }
}
const EVENTS = [event('payment.captured', { payment }), event('order.paid', { payment: paymentOfPaidOrder, order })]

const razorpay: Provider = {
  name: 'razorpay',
  module: import.meta.url,
  signatureHeaders: ['x-razorpay-signature'],
  contextHeaders: ['x-razorpay-event-id'],
  delivery: {
    attemptsMax: 1 + WAITS,
    timeoutMs: 5_000,
    waitMs: (attempt) => FIRST_WAIT_MS * 2 ** (attempt - 2),
    resendsForMs: 24 * 3_600_000,
    disables: { afterMs: 24 * 3_600_000 },
    model: true, // Razorpay publishes "exponential, for 24 h", the disabling and the 5 s, but not the waits
  },

  secret: (text) => textSecret('razorpay', text),

  verify(request, secrets) {
    const signature = signedHeader(request.header('x-razorpay-signature'), 'x-razorpay-signature')
    const claim = decodeSignature(signature, 'hex')
    requireHmac(claim ? [claim] : [], secrets, '', request.raw)
  },

  sign: (body, secret, { id }) => ({
    'x-razorpay-event-id': id,
    'x-razorpay-signature': hmacHex(secret, '', body),
  }),

  identify(request) {
    const id = request.header('x-razorpay-event-id')
    if (!id) throw new FloodmarkError('bad-request', 'header x-razorpay-event-id is missing: the event has no identity')
    const event = jsonBody(request.raw)
    // An order's events and its payments' events share one key: they must not overtake each other.
    // A subscription's events have its payments in them, each with an order of its own.
    const entity = (name: string, field: string) => textAt(event, 'payload', name, 'entity', field)
    const key =
      entity('subscription', 'id') ??
      entity('payment', 'order_id') ??
      entity('order', 'id') ??
      entity('payment', 'id') ??
      entity(textAt(event, 'contains', '0') ?? '', 'id') ??
      id
    return { id, key, type: textAt(event, 'event') ?? 'unknown' }
  },

  sample(random, { id, key }) {
    const { type, body } = EVENTS[random() < 0.5 ? 0 : 1]!
    const values = {
      id,
      key,
      number: 100_000_000_000 + Math.floor(random() * 800_000_000_000),
      amount: 10_000 + Math.floor(random() * 990_000),
      fee: 100 + Math.floor(random() * 900),
      createdS: 1_700_000_000 + Math.floor(random() * 10_000_000),
    }
    return { type, body: body(values) }
  },
}

export default razorpay
