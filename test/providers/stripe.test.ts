import { describe, expect, it } from 'vitest'
import stripe from '../../providers/stripe.ts'
import { codeOf, incoming } from '../contract/provider.ts'
import { oracle, withOracles } from '../oracles/oracle.ts'

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

interface Official {
  readonly webhooks: { constructEvent(body: Uint8Array, header: string, secret: string): unknown }
}

// stripe/stripe-node#1980 and others on the header: proxies and senders write it in many ways.
describe('a spelling of stripe-signature', () => {
  const SECRET = 'whsec_0123456789abcdef'
  const body = Buffer.from('{"id":"evt_1","object":"event","type":"x"}')
  const atMs = Math.floor(Date.now() / 1_000) * 1_000
  const partsUnder = (secret: string) =>
    stripe.sign(body, stripe.secret(secret), { id: '', type: '', atMs })['stripe-signature']!.split(',') as [
      string,
      string,
    ]
  const [t, v1] = partsUnder(SECRET)
  const [, old] = partsUnder('whsec_the_one_before_it')
  const spellings: readonly (readonly [what: string, header: string, verdict: string])[] = [
    ['of two secrets, the second one ours', `${t},${old},${v1}`, 'passed'],
    ['with one of the test scheme', `${t},${v1},v0=${'a'.repeat(64)}`, 'passed'],
    ['with the time behind', `${v1},${t}`, 'passed'],
    ['with a comma behind', `${t},${v1},`, 'passed'],
    ['with a space behind the comma', `${t}, ${v1}`, 'bad-signature'],
    ['in upper case', `${t},${v1.toUpperCase().replace('V', 'v')}`, 'bad-signature'],
    ['without a time', v1, 'bad-signature'],
    ['without a signature', t, 'bad-signature'],
    ['of the test scheme alone', `${t},${v1.replace('v1', 'v0')}`, 'bad-signature'],
  ]
  const verdict = (header: string) =>
    codeOf(() => stripe.verify(incoming({ 'stripe-signature': header }, body, atMs), [stripe.secret(SECRET)]))

  it.each(spellings)('%s: %s', (_, header, expected) => {
    expect(verdict(header)).toBe(expected)
  })

  it('is judged as the official package judges it', withOracles, () => {
    const { webhooks } = new (oracle<new (key: string) => Official>('stripe'))('sk_test_x')
    for (const [what, header, expected] of spellings) {
      const theirs = () => webhooks.constructEvent(body, header, SECRET)
      if (expected === 'passed') expect(theirs, what).not.toThrow()
      else expect(theirs, what).toThrow()
    }
  })

  it('with more signatures than a rotation needs is refused, though one is ours', () => {
    expect(verdict([t, ...Array(16).fill(old), v1].join())).toBe('bad-signature')
  })
})
