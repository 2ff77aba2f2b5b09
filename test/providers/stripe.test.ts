import { expect, it } from 'vitest'
import stripe from '../../providers/stripe.ts'

function digest(pending: string, more = ''): number | undefined {
  const body = `{\n  "id": "evt_1",\n${pending}  "type": "charge.succeeded",\n  "data": { "object": { "id": "ch_1"${more} } }\n}`
  const request = { url: '/', header: () => undefined, raw: Buffer.from(body), receivedAtMs: 0 }
  return stripe.identify(request).digest
}

it("stripe's copies differ in how many endpoints have not taken the event yet, and in nothing else", () => {
  const first = digest('  "pending_webhooks": 2,\n')
  expect(digest('  "pending_webhooks": 13,\n')).toBe(first)
  expect(digest('  "pending_webhooks":0,\n')).toBe(first)
  expect(digest('  "pending_webhooks": 2,\n', ', "amount": 900')).not.toBe(first)
  expect(digest('')).not.toBe(first)
})

it('stripe orders thin events by what they are about', () => {
  const body = '{"id":"evt_2","object":"v2.core.event","type":"t","related_object":{"id":"acct_1","type":"account"}}'
  const request = { url: '/', header: () => undefined, raw: Buffer.from(body), receivedAtMs: 0 }
  expect(stripe.identify(request)).toMatchObject({ id: 'evt_2', key: 'acct_1' })
})

it('stripe keeps in order what belongs to the payment of a guest', () => {
  const keyOf = (object: object) => {
    const raw = Buffer.from(JSON.stringify({ id: 'evt_3', type: 't', data: { object: { customer: null, ...object } } }))
    return stripe.identify({ url: '/', header: () => undefined, raw, receivedAtMs: 0 }).key
  }
  const ofPayment = [{ id: 'pi_1' }, { id: 'ch_1', payment_intent: 'pi_1' }, { id: 'dp_1', payment_intent: 'pi_1' }]
  expect(ofPayment.map(keyOf)).toEqual(['pi_1', 'pi_1', 'pi_1'])
  expect(keyOf({ id: 'ch_2', payment_intent: 'pi_1', customer: 'cus_1' })).toBe('cus_1')
})
