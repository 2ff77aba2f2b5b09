import { jsonTemplate } from '../../src/core/base/json-template.ts'
import type { Provider } from '../../src/core/contracts/provider.ts'

/** Shopify events in the shapes and sizes of recorded ones: orders/create 7.1 kB, products/update 2.1 kB. */

const CREATED = '2026-09-01T14:00:00+05:30'

/** An amount as Shopify repeats it, in the shop's money and in the customer's. */
function moneySet(amount: string) {
  const money = { amount, currency_code: 'INR' }
  return { shop_money: money, presentment_money: money }
}

const address = {
  first_name: 'A.',
  address1: '14 Residency Road',
  phone: '+919000090000',
  city: 'Bengaluru',
  zip: '560025',
  province: 'Karnataka',
  country: 'India',
  last_name: 'Customer',
  address2: null,
  company: null,
  latitude: null,
  longitude: null,
  name: 'A. Customer',
  country_code: 'IN',
  province_code: 'KA',
}

const customer = {
  id: '<#number>',
  email: 'customer@example.com',
  accepts_marketing: false,
  created_at: CREATED,
  updated_at: CREATED,
  first_name: 'A.',
  last_name: 'Customer',
  state: 'enabled',
  note: null,
  verified_email: true,
  multipass_identifier: null,
  tax_exempt: false,
  tags: '',
  currency: 'INR',
  phone: null,
  accepts_marketing_updated_at: null,
  marketing_opt_in_level: null,
  tax_exemptions: [],
  email_marketing_consent: { state: 'not_subscribed', opt_in_level: null, consent_updated_at: null },
  sms_marketing_consent: null,
  admin_graphql_api_id: 'gid://shopify/Customer/<number>',
  default_address: { id: '<#number>', customer_id: '<#number>', ...address, country_name: 'India', default: true },
}

function lineItem(sku: string, title: string) {
  return {
    id: '<#number>',
    admin_graphql_api_id: 'gid://shopify/LineItem/<number>',
    fulfillable_quantity: 1,
    fulfillment_service: 'manual',
    fulfillment_status: null,
    gift_card: false,
    grams: 400,
    name: title,
    price: '<amount>.00',
    price_set: moneySet('<amount>.00'),
    product_exists: true,
    product_id: 7_339_056_169_172,
    properties: [],
    quantity: 1,
    requires_shipping: true,
    sku,
    taxable: true,
    title,
    total_discount: '0.00',
    total_discount_set: moneySet('0.00'),
    variant_id: 41_886_814_240_980,
    variant_inventory_management: 'shopify',
    variant_title: null,
    vendor: 'Example Store',
    tax_lines: [],
    duties: [],
    discount_allocations: [],
  }
}

/** The totals of an order by name, each followed by its money set. */
function totals(amounts: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(amounts).flatMap(([name, amount]) => [
      [name, amount],
      [`${name}_set`, moneySet(amount)],
    ]),
  )
}

const order = {
  id: '<#number>',
  admin_graphql_api_id: 'gid://shopify/Order/<key>',
  app_id: 580_111,
  browser_ip: '203.0.113.7',
  buyer_accepts_marketing: false,
  cancel_reason: null,
  cancelled_at: null,
  cart_token: 'c1-<id>',
  checkout_id: '<#number>',
  checkout_token: 'e81<number>',
  closed_at: null,
  company: null,
  confirmed: true,
  contact_email: 'customer@example.com',
  created_at: CREATED,
  currency: 'INR',
  customer_locale: 'en-IN',
  device_id: null,
  discount_codes: [],
  email: 'customer@example.com',
  estimated_taxes: false,
  financial_status: 'paid',
  fulfillment_status: null,
  gateway: 'razorpay',
  landing_site: '/',
  landing_site_ref: null,
  location_id: null,
  merchant_of_record_app_id: null,
  name: '#<number>',
  note: null,
  note_attributes: [],
  number: '<#number>',
  order_number: '<#number>',
  order_status_url: 'https://example-store.myshopify.com/60021178580/orders/<number>/authenticate?key=abcdefg',
  original_total_duties_set: null,
  payment_gateway_names: ['razorpay'],
  phone: null,
  presentment_currency: 'INR',
  processed_at: CREATED,
  processing_method: 'direct',
  reference: null,
  referring_site: '',
  source_identifier: null,
  source_name: 'web',
  source_url: null,
  tags: '',
  tax_lines: [],
  taxes_included: true,
  test: false,
  token: '<number>abcd',
  ...totals({
    current_subtotal_price: '<amount>.00',
    current_total_discounts: '0.00',
    current_total_price: '<amount>.00',
    current_total_tax: '0.00',
    subtotal_price: '<amount>.00',
    total_discounts: '0.00',
    total_line_items_price: '<amount>.00',
    total_price: '<amount>.00',
    total_tax: '0.00',
  }),
  total_shipping_price_set: moneySet('0.00'),
  total_outstanding: '0.00',
  total_tip_received: '0.00',
  total_weight: 800,
  updated_at: CREATED,
  user_id: null,
  billing_address: address,
  customer,
  discount_applications: [],
  fulfillments: [],
  line_items: [
    lineItem('KRT-BLU-42', 'Cotton kurta, indigo, size 42'),
    lineItem('TWL-SET-06', 'Bath towels, set of six'),
  ],
  payment_terms: null,
  refunds: [],
  shipping_address: address,
  shipping_lines: [
    {
      id: '<#number>',
      carrier_identifier: null,
      code: 'Standard',
      delivery_category: null,
      discounted_price: '0.00',
      discounted_price_set: moneySet('0.00'),
      phone: null,
      price: '0.00',
      price_set: moneySet('0.00'),
      requested_fulfillment_service_id: null,
      source: 'shopify',
      title: 'Standard',
      tax_lines: [],
      discount_allocations: [],
    },
  ],
}

function variant(position: number, size: string) {
  return {
    id: '<#number>',
    product_id: '<#number>',
    title: size,
    price: '<amount>.00',
    sku: `KRT-BLU-${position}`,
    position,
    inventory_policy: 'deny',
    compare_at_price: null,
    fulfillment_service: 'manual',
    inventory_management: 'shopify',
    option1: size,
    option2: null,
    option3: null,
    created_at: CREATED,
    updated_at: CREATED,
    taxable: true,
    barcode: null,
    grams: 200,
    image_id: null,
    weight: 200,
    weight_unit: 'g',
    inventory_item_id: null,
    inventory_quantity: 75,
    old_inventory_quantity: 75,
    requires_shipping: true,
    admin_graphql_api_id: 'gid://shopify/ProductVariant/<number>',
  }
}

const product = {
  id: '<#number>',
  title: 'Cotton kurta, indigo',
  body_html: 'Hand block print',
  vendor: 'Example Store',
  product_type: 'Kurtas',
  created_at: CREATED,
  handle: 'cotton-kurta-indigo',
  updated_at: CREATED,
  published_at: CREATED,
  template_suffix: null,
  status: 'active',
  published_scope: 'web',
  tags: 'cotton, <id>',
  admin_graphql_api_id: 'gid://shopify/Product/<key>',
  variants: [variant(1, 'Small'), variant(2, 'Medium')],
  options: [{ id: '<#number>', product_id: '<#number>', name: 'Size', position: 1, values: ['Small', 'Medium'] }],
  images: [
    {
      id: '<#number>',
      product_id: '<#number>',
      position: 1,
      created_at: CREATED,
      updated_at: CREATED,
      alt: null,
      width: 323,
      height: 434,
      src: 'https://cdn.example.com/s/files/1/0600/2117/8580/products/cotton-kurta-indigo-<number>.png?v=1693552200',
      variant_ids: [],
      admin_graphql_api_id: 'gid://shopify/ProductImage/<number>',
    },
  ],
  image: null,
}

const ORDER = { type: 'orders/create', body: jsonTemplate(order) }
const PRODUCT = { type: 'products/update', body: jsonTemplate(product) }

/** Seven in ten orders, three in ten products. */
export const sampleEvent: Provider['sample'] = (random, { id, key }) => {
  const { type, body } = random() < 0.7 ? ORDER : PRODUCT
  const number = 100_000_000_000 + Math.floor(random() * 800_000_000_000)
  return { type, body: body({ id, key, number, amount: 100 + Math.floor(random() * 9_900) }) }
}
