import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import standardWebhooks from '../../providers/standard-webhooks.ts'
import { seeded } from '../../src/core/contracts/random.ts'
import { newEd25519Pair } from '../../src/core/receiving/signature-ed25519.ts'
import { AT_MS, codeOf, incoming, providerContract, signer } from '../contract/provider.ts'
import { oracle, withOracles } from '../oracles/oracle.ts'
import { expectSizes } from './sizes.ts'

interface Official {
  readonly Webhook: new (
    secret: string,
  ) => {
    verify(body: string, headers: Record<string, string>): unknown
    sign(id: string, at: Date, body: string): string
  }
}

/** Texts of a new Ed25519 pair, as a person would configure them. */
function asymmetricPair() {
  const { privateKey, publicKey } = newEd25519Pair()
  return { signing: `whsk_${privateKey.toString('base64')}`, verifying: `whpk_${publicKey.toString('base64')}` }
}

providerContract(standardWebhooks, { signature: 'webhook-signature', windowS: 300, digest: /(?<=v1,).+/ })
providerContract(
  { ...standardWebhooks, name: 'standard-webhooks, v1a' },
  { signature: 'webhook-signature', windowS: 300, digest: /(?<=v1a,).+/, pair: asymmetricPair },
)

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const secret = standardWebhooks.secret(SECRET)
const { body } = standardWebhooks.sample(seeded(1), { id: 'run1-1', key: 'k1' })
const options = { id: 'run1-1', type: '', atMs: AT_MS }
/** The code with which a request with these headers is refused by these secrets. */
function verdict(headers: Record<string, string>, secrets = [secret], raw: Uint8Array = body) {
  return codeOf(() => standardWebhooks.verify(incoming(headers, raw), secrets))
}

describe('standard-webhooks', () => {
  it.each(['standardwebhooks', 'svix'])('agrees with the official package %s both ways', withOracles, (name) => {
    const official = new (oracle<Official>(name).Webhook)(SECRET)
    const text = Buffer.from(body).toString()
    // The packages know no other time than now.
    const atMs = Date.now()
    expect(official.verify(text, standardWebhooks.sign(body, secret, { ...options, atMs }))).toEqual(JSON.parse(text))
    const theirs = official.sign('msg_1', new Date(AT_MS), text)
    for (const family of ['webhook', 'svix']) {
      const headers = {
        [`${family}-id`]: 'msg_1',
        [`${family}-timestamp`]: '1700000000',
        [`${family}-signature`]: theirs,
      }
      expect(verdict(headers)).toBe('passed')
      expect(verdict({ ...headers, [`${family}-id`]: 'msg_2' })).toBe('bad-signature')
    }
  })

  it('fits a vector of the specification', () => {
    // The example of the specification's own libraries; python3 -c "import hmac,hashlib,base64 as b; print(b.b64encode(
    //   hmac.new(b.b64decode('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}', hashlib.sha256).digest()))"
    const signed = standardWebhooks.sign(Buffer.from('{"test": 2432232314}'), secret, {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      type: '',
      atMs: 1_614_265_330_000,
    })
    expect(signed['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  it('verifies the v1a vector that another implementation of Ed25519 made', () => {
    // Key of RFC 8032, 7.1, test 1: seed 9d61…7f60, public key d75a…511a. Signed by python3's cryptography:
    //   Ed25519PrivateKey.from_private_bytes(seed).sign(b'msg_1.1700000000.{"a":1}')
    const key = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex')
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
    const raw = Buffer.from('{"a":1}')
    const signature = 'v1a,0pYc3grQLAYTYYtSm9Z+VOqkyvPhiL3xzHrpcxS6/6sXV93wWnX+gE4ZSgyOhnhCp3VTI/jx2HUyQVOO3T5OCg=='
    const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': '1700000000', 'webhook-signature': signature }
    expect(verdict(headers, [standardWebhooks.secret(`whpk_${key.toString('base64')}`)], raw)).toBe('passed')
    // A private key comes as its seed, or as seed and public key.
    for (const bytes of [seed, Buffer.concat([seed, key])]) {
      const signing = standardWebhooks.secret(`whsk_${bytes.toString('base64')}`)
      expect(standardWebhooks.sign(raw, signing, { id: 'msg_1', type: '', atMs: AT_MS })).toEqual(headers)
    }
  })

  it('finds the right one among the signatures of a rotation, and refuses a header with too many', () => {
    const { make, secret: publicKey } = signer(standardWebhooks, asymmetricPair)
    const { body: raw, headers } = make(1)
    const mine = headers['webhook-signature']!
    const other = `v1a,${Buffer.alloc(64, 1).toString('base64')}`
    const withSignature = (...items: string[]) =>
      verdict({ ...headers, 'webhook-signature': items.join(' ') }, [publicKey], raw)
    expect(withSignature('v9,x', 'v1,bm9uZQ==', other, mine)).toBe('passed')
    expect(withSignature(other, other, other, mine)).toBe('passed')
    expect(withSignature(other, other, other, other, mine)).toBe('bad-signature')
    expect(withSignature(...Array(16).fill('v9,x'), mine)).toBe('bad-signature')
  })

  it('takes either kind while a sender changes from one to the other', () => {
    const { make, secret: publicKey, other } = signer(standardWebhooks, asymmetricPair)
    const { id, body: raw, headers } = make(1)
    const symmetric = standardWebhooks.sign(raw, secret, { id, type: '', atMs: AT_MS })['webhook-signature']
    const both = { ...headers, 'webhook-signature': `${symmetric} ${headers['webhook-signature']}` }
    for (const secrets of [
      [secret],
      [publicKey],
      [secret, other],
      [standardWebhooks.secret(`whsec_${'Ab3d'.repeat(8)}`), publicKey],
    ]) {
      expect(verdict(both, secrets, raw)).toBe('passed')
    }
    expect(verdict(both, [other], raw)).toBe('bad-signature')
  })

  it('does not take an HMAC made with the public key: that key is known to everybody', () => {
    const { verifying } = asymmetricPair()
    const known = Buffer.from(verifying.slice(5), 'base64')
    const mac = createHmac('sha256', known).update(`msg_1.1700000000.`).update(body).digest('base64')
    const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': '1700000000', 'webhook-signature': `v1,${mac}` }
    expect(verdict(headers, [standardWebhooks.secret(verifying)])).toBe('bad-signature')
  })

  it('refuses an id with a dot, which would be signed as another id with another time', () => {
    expect(verdict(standardWebhooks.sign(body, secret, { ...options, id: 'a.1' }))).toBe('bad-signature')
  })

  it('refuses secrets that are none, before anything is sent with them', () => {
    const zeros = Buffer.alloc(32).toString('base64')
    const wrong = ['whsec_', 'whsec_c2hvcnQ=', 'whsec_not base64!', `whsec_${Buffer.alloc(65).toString('base64')}`]
    for (const text of [...wrong, 'whpk_c2hvcnQ=', `whpk_${zeros}`, 'whsk_c2hvcnQ=', 'whpk_']) {
      expect(
        codeOf(() => standardWebhooks.secret(text)),
        text,
      ).toBe('misuse')
    }
  })

  it('sends contacts of 0.5 kB and invoices of 1.6 kB', () => {
    expectSizes(standardWebhooks, { 'contact.created': [350, 600], 'invoice.paid': [1_300, 1_700] })
  })
})
