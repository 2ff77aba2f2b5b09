import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import paypal from '../../providers/paypal.ts'
import { codeOf, incoming, providerContract, signer } from '../contract/provider.ts'
import { expectSizes } from './sizes.ts'

providerContract(paypal, { signature: 'paypal-transmission-sig', digest: /.+/ })

/**
 * No package of PayPal's verifies offline, so openssl and python made this one:
 *   printf '{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED"}' > body
 *   openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 36500 -subj /CN=…
 *   crc=$(python3 -c "import zlib; print(zlib.crc32(open('body','rb').read()))")        # 2325436976
 *   printf '69cd13f0-d67a-11e5-baa3-778b53f4ae55|2016-02-18T20:01:35Z|8PT597110X687430LKGECATA|%s' $crc |
 *     openssl dgst -sha256 -sign key.pem | base64 -w0
 */
const WEBHOOK_ID = '8PT597110X687430LKGECATA'
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIDQTCCAimgAwIBAgIUAng2geTimEwXNHFyLUdRJIIf7VEwDQYJKoZIhvcNAQEL
BQAwLzEtMCsGA1UEAwwkbWVzc2FnZXZlcmlmaWNhdGlvbmNlcnRzLmV4YW1wbGUu
Y29tMCAXDTI2MTEyNDA1NDU0OVoYDzIxMjYxMDMxMDU0NTQ5WjAvMS0wKwYDVQQD
DCRtZXNzYWdldmVyaWZpY2F0aW9uY2VydHMuZXhhbXBsZS5jb20wggEiMA0GCSqG
SIb3DQEBAQUAA4IBDwAwggEKAoIBAQDXya7ax+9AoZOPgW/lfGIcwbM/0Nt3wJaM
c/Z9e2tfCQUYegxHM/TUcjdghD+/YpVJ5n2ebF09EB+CM2Sz+g1bqBQfeDAyYK0V
adVAuNEpzSwjJLQvTBfelvthRuvO9avvEUBEkz/D4Nrbg2xtXQgyLy8zupafSHbk
pFr2KB6pzDdYO1QFRBZkGGj0HrZ080uk7xxcaf57kaeKV8/6UCfY20vzGnDJjiyA
GQHxcxOCQkAlR4+vLHVifFVsES9Q2QIjdfb39k5KOIu7xUgLg75gZSt5aih6jw6B
VO8EeXn6sB7Q6bly2+Nzb2FjR84AwtAXqjV56Ghjq+YhidMI1UZdAgMBAAGjUzBR
MB0GA1UdDgQWBBSGWT+FJTNNJRjAGBEQDiDfOYHWgTAfBgNVHSMEGDAWgBSGWT+F
JTNNJRjAGBEQDiDfOYHWgTAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUA
A4IBAQAJiTNLLt/3xLO6+uwZl0oCrwjmWBoSkNRYqYkr2683eNbFZLEILfrSGccr
FR6pyTlx8K7LRXPoBkmgs53ks8GDr5EAY+OY+5vYtfsp4fd1+1Nlqw7Vd5UwaZxZ
/Kd89BS1UZXPTXH10DqM4LDjeVcnnIg3B5hjm4XmzFBBTTZ/i0RmWCHGuMjg5YSM
y/jIju5VmERLR16+SCacB9BzKuVyOD+wf9DBujDHmKBhqr62uLpIJPYS0GUgji2N
NSrYLlsLc7sW0Sd2GqI88UAbzsfx2+Dfdv5nfRk4ioXfOVfmnUubkhVp/x1PTgQ5
7ko/m1gAMVBoU6k6zOxFbJgRFZRI
-----END CERTIFICATE-----
`
const VECTOR = {
  'paypal-transmission-id': '69cd13f0-d67a-11e5-baa3-778b53f4ae55',
  'paypal-transmission-time': '2016-02-18T20:01:35Z',
  'paypal-auth-algo': 'SHA256withRSA',
  'paypal-transmission-sig':
    'Fcr7nIU+kfjc5F0qsNR4nMic/TeWMhcFnm7w9SO5UQwb0JYtF2GrXksH/Ge+OafKOgz+0LBbnvJNrxqSYaWH01i/Ws+BIIwJ/743ML4yrsCOJ0Aca' +
    'QcUH7DvCcsqnb4AmOqzZjjlQlROxuO2ry0Q/rL3DQQxItnRRYGnC4XqG5td4W5ubYhwL4j8OwTK/iLJPWaxLT4X2agidyFYX4/VziAVCmfu6AIyF5' +
    'AQgbaUZ+Uhii8nZMDJdVDutBz64yM5qXQxR/F/kGV1xDdTXv1Nb2rMpogkxiUs5VKNnJ5A9cEPSN6v3nxFNgbY9ett29CKX4UzDiHRSFFZEDk+vNVAnw==',
}
const BODY = Buffer.from('{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED"}')

const { secret, make } = signer(paypal)
const verdict = (headers: Record<string, string>, body: Uint8Array, with_ = secret) =>
  codeOf(() => paypal.verify(incoming(headers, body), [with_]))

describe('paypal', () => {
  it('fits a vector made by openssl, under its certificate and the webhook it was made for', () => {
    expect(verdict(VECTOR, BODY, paypal.secret(`${WEBHOOK_ID}\n${CERTIFICATE}`))).toBe('passed')
    expect(verdict(VECTOR, BODY, paypal.secret(`${WEBHOOK_ID}\r\n${CERTIFICATE}`))).toBe('passed')
    expect(verdict(VECTOR, BODY, paypal.secret(`8PT597110X687430LKGECATB\n${CERTIFICATE}`))).toBe('bad-signature')
  })

  it('never fetches the certificate that a sender names, nor believes it', async () => {
    const asked: (string | undefined)[] = []
    const server = createServer((request, response) => {
      asked.push(request.url)
      response.end(CERTIFICATE)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const named = { 'paypal-cert-url': `${address}/cert.pem` }
      expect(verdict({ ...VECTOR, ...named }, BODY)).toBe('bad-signature')
      const { headers, body } = make(1)
      expect(verdict({ ...headers, ...named }, body)).toBe('passed')
      // A fetch begun by then would have been heard before this one is answered.
      await (await fetch(`${address}/ours`)).text()
      expect(asked).toEqual(['/ours'])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('refuses what is signed beside the body when it is changed, shifted or absent', () => {
    const { headers, body } = make(2)
    const [id, time] = [headers['paypal-transmission-id']!, headers['paypal-transmission-time']!]
    const changes: Record<string, string>[] = [
      { 'paypal-transmission-id': 'run1-3' },
      { 'paypal-transmission-time': '2016-02-18T20:01:35Z' },
      { 'paypal-transmission-id': `${id}|${time}` },
      { 'paypal-transmission-id': '' },
      { 'paypal-transmission-time': '' },
      { 'paypal-auth-algo': '' },
      { 'paypal-auth-algo': 'SHA1withRSA' },
    ]
    for (const change of changes) expect(verdict({ ...headers, ...change }, body)).toBe('bad-signature')
  })

  it('refuses a bar in id or time, over which they could be shifted', () => {
    const { secret, sign } = signer(paypal)
    const { headers } = sign(BODY, { id: 'a|b', type: '', atMs: 0 })
    const time = headers['paypal-transmission-time']!
    const shifted = { 'paypal-transmission-id': 'a', 'paypal-transmission-time': `b|${time}` }
    expect(verdict(headers, BODY, secret)).toBe('bad-signature')
    expect(verdict({ ...headers, ...shifted }, BODY, secret)).toBe('bad-signature')
  })

  it('refuses secrets that pin no RSA key of 2,048 bits', () => {
    const pemOf = ({ publicKey }: { publicKey: KeyObject }) => publicKey.export({ type: 'spki', format: 'pem' })
    const short = pemOf(generateKeyPairSync('rsa', { modulusLength: 1_024 }))
    const ed25519 = pemOf(generateKeyPairSync('ed25519'))
    for (const text of [WEBHOOK_ID, CERTIFICATE, `${WEBHOOK_ID}\n`, `${WEBHOOK_ID}\npem`, `a|b\n${CERTIFICATE}`]) {
      expect(codeOf(() => paypal.secret(text))).toBe('misuse')
    }
    for (const pem of [short, ed25519]) expect(codeOf(() => paypal.secret(`${WEBHOOK_ID}\n${pem}`))).toBe('misuse')
  })

  it('orders by what an event is about', () => {
    const keyOf = (resource: unknown) =>
      paypal.identify(incoming({}, Buffer.from(JSON.stringify({ id: 'WH-1', event_type: 't', resource })))).key
    expect(keyOf({ id: 'c', supplementary_data: { related_ids: { order_id: 'o' } } })).toBe('o')
    expect(keyOf({ id: 's', billing_agreement_id: 'I-1' })).toBe('I-1')
    expect(keyOf({ id: 'I-1' })).toBe('I-1')
    expect(keyOf({ dispute_id: 'PP-D-1' })).toBe('PP-D-1')
    expect(keyOf(undefined)).toBe('WH-1')
  })

  it('sends captures and orders of 1.5 to 2.2 kB', () => {
    expectSizes(paypal, { 'PAYMENT.CAPTURE.COMPLETED': [1_500, 1_900], 'CHECKOUT.ORDER.APPROVED': [1_700, 2_200] })
  })
})
