import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import generic from '../../providers/generic.ts'
import github from '../../providers/github.ts'
import razorpay from '../../providers/razorpay.ts'
import stripe from '../../providers/stripe.ts'
import { parseContent } from '../../src/core/base/json-body.ts'
import { seeded } from '../../src/core/contracts/random.ts'
import { AT_MS, codeOf, incoming, providerContract } from '../contract/provider.ts'
import { oracle, oracleModule, withOracles } from '../oracles/oracle.ts'

interface Stripe {
  readonly webhooks: {
    constructEvent(body: Uint8Array, header: string, secret: string): { readonly id: string }
    generateTestHeaderString(options: { payload: string; secret: string; timestamp: number }): string
  }
}
interface GitHub {
  sign(secret: string, body: string): Promise<string>
  verify(secret: string, body: string, signature: string): Promise<boolean>
}
interface Razorpay {
  validateWebhookSignature(body: string, signature: string, secret: string): boolean
}

providerContract(generic, { signature: 'x-webhook-signature', windowS: 300 })
providerContract(razorpay, { signature: 'x-razorpay-signature' })
providerContract(github, { signature: 'x-hub-signature-256', sendsForms: true })
providerContract(stripe, { signature: 'stripe-signature', windowS: 300 })

const SECRET = 'whsec_0123456789abcdef'
const options = { id: 'run1-1', type: 'push', atMs: AT_MS }

describe('a secret of one’s own words', () => {
  it.each([
    'key_2024:9f8a7b6c5d4e3f2a',
    'prod-token:4711-0815-2342',
    'monkey:battery-horse-staple',
    'dGhlIHNlY3JldCB0b2tlbg==',
    'sécret à moi, très long',
    'correct horse battery staple',
    'a=b=c=d=e=f=g=h=i=j',
    '{not json} but a text',
  ])('%s is taken', (text) => {
    for (const { secret } of [generic, github, razorpay]) expect(codeOf(() => secret(text))).toBe('passed')
  })
})

describe('github', () => {
  it('reads its JSON in a form as it reads it alone: the key, and what a schema gets', () => {
    const { body } = github.sample(seeded(1), { id: 'run1-1', key: 'k1' })
    const form = Buffer.from(new URLSearchParams({ payload: Buffer.from(body).toString() }).toString())
    const headers = { 'x-github-delivery': 'run1-1', 'x-github-event': 'push' }
    expect(github.identify(incoming(headers, form))).toEqual(github.identify(incoming(headers, body)))
    expect(parseContent(form)).toEqual(parseContent(body))
    const signed = github.sign(form, github.secret(SECRET), options)
    github.verify(incoming(signed, form), [github.secret(SECRET)])
  })

  it('takes its own spelling of a signature, and no other', () => {
    const { body } = github.sample(seeded(1), { id: 'run1-1', key: 'k1' })
    const { 'x-hub-signature-256': ours, ...rest } = github.sign(body, github.secret(SECRET), options)
    const sha1 = createHmac('sha1', SECRET).update(body).digest('hex')
    const verdict = (headers: Record<string, string>) =>
      codeOf(() => github.verify(incoming({ ...rest, ...headers }, body), [github.secret(SECRET)]))
    expect(verdict({ 'x-hub-signature': `sha1=${sha1}`, 'x-hub-signature-256': ours! })).toBe('passed')
    const [, hex] = ours!.split('=')
    const others = [
      `sha256=${hex!.toUpperCase()}`,
      `SHA256=${hex}`,
      hex!,
      `sha256= ${hex}`,
      `sha256="${hex}"`,
      `${ours}, ${ours}`,
    ]
    for (const other of others) expect(verdict({ 'x-hub-signature-256': other }), other).toBe('bad-signature')
    expect(verdict({ 'x-hub-signature': `sha1=${sha1}` })).toBe('bad-signature')
  })

  it('keeps in order what belongs to a repository whose number is beyond what a double holds', () => {
    const keyOf = (text: string) => github.identify(incoming({ 'x-github-delivery': 'd1' }, Buffer.from(text))).key
    expect(keyOf('{"repository":{"id":9007199254740993}}')).not.toBe('d1')
  })
})

it.each([
  [
    'sub_1',
    '{"contains":["subscription","payment"],"payload":{"subscription":{"entity":{"id":"sub_1"}},"payment":{"entity":{"id":"pay_1","order_id":"order_1"}}}}',
  ],
  ['order_1', '{"contains":["payment"],"payload":{"payment":{"entity":{"id":"pay_1","order_id":"order_1"}}}}'],
  ['plink_1', '{"contains":["payment_link"],"payload":{"payment_link":{"entity":{"id":"plink_1"}}}}'],
  ['an-id', '{"contains":[],"payload":{}}'],
])('razorpay orders by %s', (key, body) => {
  expect(razorpay.identify(incoming({ 'x-razorpay-event-id': 'an-id' }, Buffer.from(body))).key).toBe(key)
})

describe('the official packages agree', () => {
  it('stripe, both ways', withOracles, () => {
    const client = new (oracle<new (key: string) => Stripe>('stripe'))('sk_test_x')
    const { body } = stripe.sample(seeded(1), { id: 'run1-1', key: 'k1' })
    const header = stripe.sign(body, stripe.secret(SECRET), { ...options, atMs: Date.now() })['stripe-signature']!
    expect(client.webhooks.constructEvent(body, header, SECRET).id).toContain('run1-1')
    const theirs = client.webhooks.generateTestHeaderString({
      payload: body.toString(),
      secret: SECRET,
      timestamp: AT_MS / 1_000,
    })
    stripe.verify(incoming({ 'stripe-signature': theirs }, body), [stripe.secret(SECRET)])
  })

  it('github, both ways', withOracles, async () => {
    const { sign, verify } = await oracleModule<GitHub>('@octokit/webhooks-methods')
    const { body } = github.sample(seeded(1), { id: 'run1-1', key: 'k1' })
    const ours = github.sign(body, github.secret(SECRET), options)['x-hub-signature-256']!
    expect(await verify(SECRET, body.toString(), ours)).toBe(true)
    github.verify(incoming({ 'x-hub-signature-256': await sign(SECRET, body.toString()) }, body), [
      github.secret(SECRET),
    ])
  })

  it('razorpay verifies ours; node:crypto signs in its place, as the package signs nothing', withOracles, () => {
    const official = oracle<Razorpay>('razorpay')
    const { body } = razorpay.sample(seeded(1), { id: 'run1-1', key: 'k1' })
    const ours = razorpay.sign(body, razorpay.secret(SECRET), options)['x-razorpay-signature']!
    expect(official.validateWebhookSignature(body.toString(), ours, SECRET)).toBe(true)
    const theirs = createHmac('sha256', SECRET).update(body).digest('hex')
    razorpay.verify(incoming({ 'x-razorpay-signature': theirs }, body), [razorpay.secret(SECRET)])
  })

  it('generic fits a vector made by python', () => {
    // python3 -c "import hmac,hashlib; print(hmac.new(b'a key of 16 bytes or more', b'id-1.1700000000.{\"a\":1}', hashlib.sha256).hexdigest())"
    const key = generic.secret('a key of 16 bytes or more')
    const signed = generic.sign(Buffer.from('{"a":1}'), key, { id: 'id-1', type: '', atMs: AT_MS })
    expect(signed['x-webhook-signature']).toBe('v1=8dc75201bae1dbe413adc8a94cd51e7fed7db6ca80ed4980be24ff82ce45c391')
  })
})
