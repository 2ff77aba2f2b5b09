import { jsonTemplate } from '../../src/core/base/json-template.ts'
import type { Provider } from '../../src/core/contracts/provider.ts'

/** PayPal events in the shapes and sizes of recorded ones. Half of the recorded events are over 1.9 kB. */

const TIME = '2026-09-01T08:30:00Z'
const amount = { currency_code: 'EUR', value: '<amount>.00' }
const API = 'https://api.paypal.com/v2'

function link(href: string, rel: string, method = 'GET') {
  return { href, rel, method }
}

const capture = {
  id: '<number>',
  amount,
  payee: { email_address: 'seller@example.com', merchant_id: 'SELLEREXAMPLE1' },
  seller_protection: { status: 'ELIGIBLE', dispute_categories: ['ITEM_NOT_RECEIVED', 'UNAUTHORIZED_TRANSACTION'] },
  supplementary_data: { related_ids: { order_id: '<key>' } },
  update_time: TIME,
  create_time: TIME,
  final_capture: true,
  seller_receivable_breakdown: {
    gross_amount: amount,
    paypal_fee: { currency_code: 'EUR', value: '0.84' },
    platform_fees: [{ amount: { currency_code: 'EUR', value: '0.20' }, payee: { email_address: 'fee@example.com' } }],
    net_amount: amount,
  },
  invoice_id: 'INV-<id>',
  custom_id: 'cart-<number>',
  links: [
    link(`${API}/payments/captures/<number>`, 'self'),
    link(`${API}/payments/captures/<number>/refund`, 'refund', 'POST'),
    link(`${API}/checkout/orders/<key>`, 'up'),
  ],
  status: 'COMPLETED',
}

const order = {
  create_time: TIME,
  purchase_units: [
    {
      reference_id: 'cart-<number>',
      amount: { ...amount, breakdown: { item_total: amount, shipping: { currency_code: 'EUR', value: '0.00' } } },
      payee: { email_address: 'seller@example.com', merchant_id: 'SELLEREXAMPLE1' },
      description: 'Order <number>',
      items: ['Cotton kurta, indigo', 'Bath towels, set of six'].map((name) => ({
        name,
        unit_amount: amount,
        quantity: '1',
        category: 'PHYSICAL_GOODS',
      })),
      shipping: {
        name: { full_name: 'A. Customer' },
        address: {
          address_line_1: '14 Residency Road',
          admin_area_2: 'Bengaluru',
          admin_area_1: 'KA',
          postal_code: '560025',
          country_code: 'IN',
        },
      },
    },
  ],
  links: [
    link(`${API}/checkout/orders/<key>`, 'self'),
    link(`${API}/checkout/orders/<key>`, 'update', 'PATCH'),
    link(`${API}/checkout/orders/<key>/capture`, 'capture', 'POST'),
  ],
  id: '<key>',
  intent: 'CAPTURE',
  payer: {
    name: { given_name: 'A.', surname: 'Customer' },
    email_address: 'customer@example.com',
    payer_id: 'PAYEREXAMPLE1',
    address: { country_code: 'IN' },
  },
  status: 'APPROVED',
}

function event(event_type: string, resource_type: string, summary: string, resource: unknown) {
  const envelope = { id: 'WH-<id>', event_version: '1.0', create_time: TIME, resource_type, resource_version: '2.0' }
  const links = [
    link('https://api.paypal.com/v1/notifications/webhooks-events/WH-<id>', 'self'),
    link('https://api.paypal.com/v1/notifications/webhooks-events/WH-<id>/resend', 'resend', 'POST'),
  ]
  return { type: event_type, body: jsonTemplate({ ...envelope, event_type, summary, resource, links }) }
}
const CAPTURED = event('PAYMENT.CAPTURE.COMPLETED', 'capture', 'Payment completed for EUR <amount>.0', capture)
const APPROVED = event('CHECKOUT.ORDER.APPROVED', 'checkout-order', 'An order has been approved by buyer', order)

/** Six in ten captures, four in ten orders. The id becomes `WH-<id>`, the key is the order's id. */
export const sampleEvent: Provider['sample'] = (random, { id, key }) => {
  const { type, body } = random() < 0.6 ? CAPTURED : APPROVED
  const number = 100_000_000_000 + Math.floor(random() * 800_000_000_000)
  return { type, body: body({ id, key, number, amount: 1 + Math.floor(random() * 999) }) }
}
