import { jsonTemplate } from '../../src/core/base/json-template.ts'
import type { Provider } from '../../src/core/contracts/provider.ts'

/**
 * Stripe events in the shapes and sizes of Stripe's published fixtures: payment_intent 1.5 kB, charge 3.4 kB, invoice 4 kB
 * without white space. They are sent with two spaces of indentation, as Stripe does. A receiver that parses such a body and
 * writes it again before verifying it gets other bytes.
 */

const address = {
  city: 'Bengaluru',
  country: 'IN',
  line1: '14 Residency Road',
  line2: 'Ashok Nagar',
  postal_code: '560025',
  state: 'Karnataka',
}

const card = {
  amount_authorized: '<#amount>',
  authorization_code: '<number>',
  brand: 'visa',
  checks: { address_line1_check: 'pass', address_postal_code_check: 'pass', cvc_check: 'pass' },
  country: 'IN',
  exp_month: 8,
  exp_year: 2031,
  extended_authorization: { status: 'disabled' },
  fingerprint: 'Xt5EWLLDS7FJjR1c',
  funding: 'credit',
  incremental_authorization: { status: 'unavailable' },
  installments: null,
  last4: '4242',
  mandate: null,
  multicapture: { status: 'unavailable' },
  network: 'visa',
  network_token: { used: false },
  network_transaction_id: '<number>',
  overcapture: { maximum_amount_capturable: '<#amount>', status: 'unavailable' },
  regulated_status: 'unregulated',
  three_d_secure: null,
  wallet: null,
}

const paymentIntent = {
  id: 'pi_<number>',
  object: 'payment_intent',
  amount: '<#amount>',
  amount_capturable: 0,
  amount_details: { tip: {} },
  amount_received: '<#amount>',
  application: null,
  application_fee_amount: null,
  automatic_payment_methods: { allow_redirects: 'always', enabled: true },
  canceled_at: null,
  cancellation_reason: null,
  capture_method: 'automatic',
  client_secret: 'pi_<number>_secret_example',
  confirmation_method: 'automatic',
  created: '<#createdS>',
  currency: 'inr',
  customer: 'cus_<key>',
  description: 'Order <number>',
  last_payment_error: null,
  latest_charge: 'ch_<number>',
  livemode: false,
  metadata: { order: '<number>' },
  next_action: null,
  on_behalf_of: null,
  payment_method: 'pm_<number>',
  payment_method_options: { card: { installments: null, network: null, request_three_d_secure: 'automatic' } },
  payment_method_types: ['card', 'upi'],
  processing: null,
  receipt_email: 'customer@example.com',
  review: null,
  setup_future_usage: null,
  shipping: null,
  source: null,
  statement_descriptor: null,
  statement_descriptor_suffix: null,
  status: 'succeeded',
  transfer_data: null,
  transfer_group: null,
}

const charge = {
  id: 'ch_<number>',
  object: 'charge',
  amount: '<#amount>',
  amount_captured: '<#amount>',
  amount_refunded: 0,
  application: null,
  application_fee: null,
  application_fee_amount: null,
  balance_transaction: 'txn_<number>',
  billing_details: {
    address,
    email: 'customer@example.com',
    name: 'A. Customer',
    phone: '+919000090000',
    tax_id: null,
  },
  calculated_statement_descriptor: 'EXAMPLE STORE',
  captured: true,
  created: '<#createdS>',
  currency: 'inr',
  customer: 'cus_<key>',
  description: 'Order <number>: cotton kurta, bath towels, desk lamp',
  destination: null,
  dispute: null,
  disputed: false,
  failure_balance_transaction: null,
  failure_code: null,
  failure_message: null,
  fraud_details: {},
  invoice: null,
  livemode: false,
  metadata: { order: '<number>', channel: 'web', campaign: 'festival-sale', warehouse: 'blr-2' },
  on_behalf_of: null,
  order: null,
  outcome: {
    advice_code: null,
    network_advice_code: null,
    network_decline_code: null,
    network_status: 'approved_by_network',
    reason: null,
    risk_level: 'normal',
    risk_score: 17,
    seller_message: 'Payment complete.',
    type: 'authorized',
  },
  paid: true,
  payment_intent: 'pi_<number>',
  payment_method: 'pm_<number>',
  payment_method_details: { card, type: 'card' },
  radar_options: {},
  receipt_email: 'customer@example.com',
  receipt_number: null,
  receipt_url: 'https://pay.stripe.com/receipts/payment/CAcaFwoVYWNjdF8xTTJKVGtMa2RJd0h1N2l4/<number>',
  refunded: false,
  refunds: { object: 'list', data: [], has_more: false, total_count: 0, url: '/v1/charges/ch_<number>/refunds' },
  review: null,
  shipping: { address, carrier: null, name: 'A. Customer', phone: '+919000090000', tracking_number: null },
  source: null,
  source_transfer: null,
  statement_descriptor: null,
  statement_descriptor_suffix: null,
  status: 'succeeded',
  transfer_data: null,
  transfer_group: null,
}

function invoiceLine(index: number, description: string) {
  return {
    id: `il_${index}<number>`,
    object: 'line_item',
    amount: '<#amount>',
    currency: 'inr',
    description,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice: 'in_<number>',
    livemode: false,
    metadata: {},
    parent: {
      invoice_item_details: { invoice_item: `ii_${index}<number>`, proration: false },
      type: 'invoice_item_details',
    },
    period: { end: '<#createdS>', start: '<#createdS>' },
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: 'price_1M2JTkLkdIwHu7ix', product: 'prod_NWjs8kKbJWmuuc' },
      type: 'price_details',
    },
    quantity: 1,
    taxes: [],
  }
}

const invoice = {
  id: 'in_<number>',
  object: 'invoice',
  account_country: 'IN',
  account_name: 'Example Store',
  amount_due: '<#amount>',
  amount_paid: '<#amount>',
  amount_overpaid: 0,
  amount_remaining: 0,
  amount_shipping: 0,
  attempt_count: 1,
  attempted: true,
  auto_advance: false,
  automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
  billing_reason: 'manual',
  collection_method: 'charge_automatically',
  created: '<#createdS>',
  currency: 'inr',
  custom_fields: null,
  customer: 'cus_<key>',
  customer_address: address,
  customer_email: 'customer@example.com',
  customer_name: 'A. Customer',
  customer_phone: '+919000090000',
  customer_shipping: { address, name: 'A. Customer', phone: '+919000090000' },
  customer_tax_exempt: 'none',
  customer_tax_ids: [],
  default_payment_method: null,
  default_tax_rates: [],
  description: null,
  discounts: [],
  due_date: null,
  ending_balance: 0,
  footer: null,
  hosted_invoice_url:
    'https://invoice.stripe.com/i/acct_1M2JTkLkdIwHu7ix/test_YWNjdF8xTTJKVGtMa2RJd0h1N2l4<number>?s=ap',
  invoice_pdf:
    'https://pay.stripe.com/invoice/acct_1M2JTkLkdIwHu7ix/test_YWNjdF8xTTJKVGtMa2RJd0h1N2l4<number>/pdf?s=ap',
  issuer: { type: 'self' },
  lines: {
    object: 'list',
    data: [invoiceLine(1, 'Cotton kurta, indigo, size 42'), invoiceLine(2, 'Bath towels, set of six')],
    has_more: false,
    total_count: 2,
    url: '/v1/invoices/in_<number>/lines',
  },
  livemode: false,
  metadata: { order: '<number>' },
  number: 'A1B2C3D4-0001',
  payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
  period_end: '<#createdS>',
  period_start: '<#createdS>',
  post_payment_credit_notes_amount: 0,
  receipt_number: null,
  starting_balance: 0,
  status: 'paid',
  status_transitions: {
    finalized_at: '<#createdS>',
    marked_uncollectible_at: null,
    paid_at: '<#createdS>',
    voided_at: null,
  },
  subtotal: '<#amount>',
  subtotal_excluding_tax: '<#amount>',
  total: '<#amount>',
  total_discount_amounts: [],
  total_excluding_tax: '<#amount>',
  total_taxes: [],
  webhooks_delivered_at: null,
}

function event(type: string, object: unknown) {
  const envelope = { id: 'evt_<id>', object: 'event', api_version: '2026-08-27.basil', created: '<#createdS>' }
  const request = { id: 'req_<number>', idempotency_key: 'order-<number>' }
  return {
    type,
    body: jsonTemplate({ ...envelope, data: { object }, livemode: false, pending_webhooks: 1, request, type }, 2),
  }
}
const PAYMENT_INTENT = event('payment_intent.succeeded', paymentIntent)
const CHARGE = event('charge.succeeded', charge)
const INVOICE = event('invoice.paid', invoice)

/** Half payment intents, three in ten charges, two in ten invoices. The id becomes `evt_<id>`, the key `cus_<key>`. */
export const sampleEvent: Provider['sample'] = (random, { id, key }) => {
  const draw = random()
  const { type, body } = draw < 0.5 ? PAYMENT_INTENT : draw < 0.8 ? CHARGE : INVOICE
  const values = {
    id,
    key,
    number: 100_000_000_000 + Math.floor(random() * 800_000_000_000),
    amount: 10_000 + Math.floor(random() * 990_000),
    createdS: 1_700_000_000 + Math.floor(random() * 10_000_000),
  }
  return { type, body: body(values) }
}
