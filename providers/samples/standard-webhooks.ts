import { jsonTemplate } from '../../src/core/base/json-template.ts'
import type { Provider } from '../../src/core/contracts/provider.ts'

/** Events of 0.4 to 1.6 kB in the shape that the specification recommends (type, timestamp, data). It advises under 20 kB. */

const TIMESTAMP = '2026-09-01T08:30:00.<digits>Z'

const contact = jsonTemplate({
  type: 'contact.created',
  timestamp: TIMESTAMP,
  data: {
    id: '<key>',
    first_name: 'A.',
    last_name: 'Customer',
    email: 'customer@example.com',
    phone: '+919000090000',
    external_id: '<id>',
    tags: ['newsletter', 'verified'],
    address: { line1: '14 Residency Road', city: 'Bengaluru', postcode: '560025', country: 'IN' },
    created_at: TIMESTAMP,
    updated_at: TIMESTAMP,
  },
})

function line(position: number, description: string) {
  return {
    id: `li_<number>_${position}`,
    description,
    quantity: position,
    unit_amount: '<#amount>',
    amount: '<#amount>',
    tax: { name: 'GST', rate: '0.18', inclusive: true },
    period: { start: '2026-08-01T00:00:00Z', end: '2026-09-01T00:00:00Z' },
  }
}

const invoice = jsonTemplate({
  type: 'invoice.paid',
  timestamp: TIMESTAMP,
  data: {
    id: '<key>',
    number: 'INV-<number>',
    external_id: '<id>',
    status: 'paid',
    currency: 'INR',
    subtotal: '<#amount>',
    total: '<#amount>',
    amount_due: 0,
    customer: { id: 'cus_<number>', name: 'A. Customer', email: 'customer@example.com', country: 'IN' },
    lines: [line(1, 'Business plan, monthly'), line(2, 'Seats'), line(3, 'Messages over the allowance')],
    payment: { method: 'upi', reference: '<number>', captured_at: TIMESTAMP },
    links: {
      self: 'https://api.example.com/v1/invoices/<number>',
      pdf: 'https://files.example.com/invoices/<number>.pdf',
    },
    metadata: { plan: 'business', region: 'ap-south-1' },
    created_at: '2026-09-01T00:00:00Z',
  },
})

/** Half contacts, half invoices. */
export const sampleEvent: Provider['sample'] = (random, { id, key }) => {
  const contactDrawn = random() < 0.5
  const number = 100_000_000_000 + Math.floor(random() * 800_000_000_000)
  const values = { id, key, number, digits: String(number).slice(-3), amount: 10_000 + Math.floor(random() * 990_000) }
  return contactDrawn
    ? { type: 'contact.created', body: contact(values) }
    : { type: 'invoice.paid', body: invoice(values) }
}
