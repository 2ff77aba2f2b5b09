import { createHash, createHmac, generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { signatureBase } from '../../providers/rfc9421/signature-base.ts'
import { byteItems, signedLists } from '../../providers/rfc9421/structured.ts'
import rfc9421 from '../../providers/rfc9421.ts'
import { VirtualClock } from '../../src/core/contracts/clock.ts'
import type { FloodmarkError } from '../../src/core/contracts/errors.ts'
import { createIngest } from '../../src/core/receiving/ingest.ts'
import { AT_MS, codeOf, incoming, providerContract, signer, URL_SIGNED } from '../contract/provider.ts'
import { expectSizes } from './sizes.ts'

const edPair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const signing = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString().trim()
  return { signing, verifying: publicKey.export({ format: 'pem', type: 'spki' }).toString().trim() }
}
const digest = /[A-Za-z0-9+/]{40,}=*/
providerContract(rfc9421, { signature: 'signature', windowS: 300, digest })
providerContract({ ...rfc9421, name: 'rfc9421' }, { signature: 'signature', windowS: 300, digest, pair: edPair })

/** The request of appendix B.2 of the RFC. */
const BODY = Buffer.from('{"hello": "world"}')
const DIGEST = 'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:'
const HEADERS = {
  host: 'example.com',
  date: 'Tue, 20 Apr 2021 02:07:55 GMT',
  'content-type': 'application/json',
  'content-digest': DIGEST,
  'content-length': '18',
}
const REQUEST = incoming(HEADERS, BODY, AT_MS, '/foo?param=Value&Pet=dog')
const baseOf = (input: string) =>
  signatureBase(signedLists(`sig=${input}`, 'signature-input').get('sig')!, REQUEST, 'https')

describe('the RFC’s own vectors', () => {
  const SHARED = 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=='
  const PUBLIC =
    '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----'

  it('B.2.5, hmac-sha256', () => {
    const base = baseOf('("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"')
    expect(base).toBe(
      [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@authority": example.com',
        '"content-type": application/json',
        '"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
      ].join('\n'),
    )
    const mac = createHmac('sha256', rfc9421.secret(`base64:${SHARED}`))
      .update(base)
      .digest('base64')
    expect(mac).toBe('pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=')
  })

  it('B.2.6, ed25519', () => {
    const covered = '("date" "@method" "@path" "@authority" "content-type" "content-length")'
    const base = baseOf(`${covered};created=1618884473;keyid="test-key-ed25519"`)
    const signature = 'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=='
    expect(verify(null, Buffer.from(base), rfc9421.secret(PUBLIC), Buffer.from(signature, 'base64'))).toBe(true)
  })

  it('B.2.3, everything but its algorithm', () => {
    const covered = '("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length")'
    const params = `${covered};created=1618884473;keyid="test-key-rsa-pss"`
    expect(baseOf(params)).toBe(
      [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@method": POST',
        '"@path": /foo',
        '"@query": ?param=Value&Pet=dog',
        '"@authority": example.com',
        '"content-type": application/json',
        `"content-digest": ${DIGEST}`,
        '"content-length": 18',
        `"@signature-params": ${params}`,
      ].join('\n'),
    )
  })

  it('2.2, derived components', () => {
    const base = baseOf('("@target-uri" "@scheme" "@request-target")')
    expect(base).toContain('"@target-uri": https://example.com/foo?param=Value&Pet=dog\n"@scheme": https\n')
    expect(base).toContain('"@request-target": /foo?param=Value&Pet=dog\n')
  })

  it('the digest of RFC 9530', () => {
    expect(byteItems(DIGEST, '').get('sha-512')).toBe(createHash('sha512').update(BODY).digest('base64'))
  })
})

const { secret, other, make } = signer(rfc9421)
const COVERED = '"@method" "@target-uri" "content-digest"'
const CREATED = `created=${AT_MS / 1_000}`

/** A request signed over what is given, as a sender with the secret could. */
function signedOver(input: string, more: Record<string, string> = {}, url = '/webhooks/in') {
  const { body, headers } = make(1)
  const sent = { ...headers, ...more }
  const list = signedLists(`a=${input}`, '').get('a')!
  const base = signatureBase(list, incoming(sent, body, AT_MS, url), 'https')
  const signature = createHmac('sha256', secret).update(base).digest('base64')
  return { body, headers: { ...sent, 'signature-input': `a=${input}`, signature: `a=:${signature}:` } }
}
function reasonOf(headers: Record<string, string>, body: Uint8Array, url?: string, secrets = [secret]): string {
  try {
    rfc9421.verify(incoming(headers, body, AT_MS, url), secrets)
    return 'passed'
  } catch (error) {
    return (error as FloodmarkError).reason ?? 'malformed'
  }
}
const verdict = (input: string, more?: Record<string, string>) => {
  const { body, headers } = signedOver(input, more)
  return reasonOf(headers, body)
}

describe('rfc9421', () => {
  it.for([
    [`("@method" "@authority" "@path" "content-digest");${CREATED}`, 'passed'],
    [`("@method" "@authority" "@request-target" "content-digest" "date");${CREATED}`, 'passed'],
    [`(${COVERED});${CREATED};nonce="abc";keyid="k";tag="t"`, 'passed'],
    [`( ${COVERED} );  ${CREATED};flag;more=?1`, 'passed'],
    [`("@method" "@target-uri");${CREATED}`, 'malformed'],
    [`("@target-uri" "content-digest");${CREATED}`, 'malformed'],
    [`("@method" "@authority" "content-digest");${CREATED}`, 'malformed'],
    [`("@method" "@path" "content-digest");${CREATED}`, 'malformed'],
    [`(${COVERED})`, 'malformed'],
    [`(${COVERED});created="${AT_MS / 1_000}"`, 'malformed'],
    [`(${COVERED});created=1618884473`, 'stale'],
    [`(${COVERED});created=4102444800`, 'ahead'],
    [`(${COVERED});${CREATED};expires=${AT_MS / 1_000}`, 'passed'],
    [`(${COVERED});${CREATED};expires=${AT_MS / 1_000 - 1}`, 'stale'],
    [`(${COVERED});${CREATED};alg="hmac-sha256"`, 'passed'],
    [`(${COVERED});${CREATED};alg="ed25519"`, 'mismatch'],
    [`(${COVERED});${CREATED};alg="none"`, 'mismatch'],
  ] as const)('signed over %s: %s', ([input, wanted]) => {
    expect(verdict(input, { date: 'Tue, 20 Apr 2021 02:07:55 GMT' })).toBe(wanted)
  })

  it.for([
    `(${COVERED} "@method");${CREATED}`,
    `(${COVERED} "@status");${CREATED}`,
    `(${COVERED} "@query-param";name="a");${CREATED}`,
    `(${COVERED} "x-gone");${CREATED}`,
    `(${COVERED} "Date");${CREATED}`,
    `(${COVERED});${CREATED};${CREATED}`,
    `(${COVERED});created=01`,
    `(${COVERED});created=1.5`,
    `(${COVERED}`,
    `${COVERED};${CREATED}`,
    `("@method""@target-uri" "content-digest");${CREATED}`,
  ])('refuses %s', (input) => {
    const { body, headers } = make(1)
    expect(
      codeOf(() => rfc9421.verify(incoming({ ...headers, 'signature-input': `sig1=${input}` }, body), [secret])),
    ).toBe('bad-signature')
  })

  it('refuses a request at another address, and one whose digest is signed and not the body’s', () => {
    const { body, headers } = make(1)
    expect(reasonOf(headers, body)).toBe('passed')
    expect(reasonOf(headers, body, '/webhooks/in?a=1')).toBe('mismatch')
    expect(reasonOf({ ...headers, host: 'elsewhere.example.com' }, body)).toBe('mismatch')
    expect(reasonOf(headers, Buffer.concat([body, Buffer.from(' ')]))).toBe('mismatch')
    const sha256 = (raw: Uint8Array) => createHash('sha256').update(raw).digest('base64')
    const both = `sha-256=:${sha256(body)}:, sha-512=:${'A'.repeat(86)}==:`
    expect(verdict(`(${COVERED});${CREATED}`, { 'content-digest': both })).toBe('mismatch')
    expect(verdict(`(${COVERED});${CREATED}`, { 'content-digest': 'md5=:AAAA:' })).toBe('malformed')
    expect(verdict(`(${COVERED});${CREATED}`, { 'content-digest': `md5=:AAAA:, sha-256=:${sha256(body)}:` })).toBe(
      'passed',
    )
  })

  it('takes a second signature where the first one is somebody else’s, and no more than four', () => {
    const { body, headers } = make(1)
    const theirs = rfc9421.sign(body, other, { id: '', type: '', atMs: AT_MS, url: URL_SIGNED })
    const relabelled = (name: 'signature-input' | 'signature', label: string) =>
      headers[name]!.replace('sig1=', `${label}=`)
    const join = (name: 'signature-input' | 'signature', labels: readonly string[]) =>
      [theirs[name]!, ...labels.map((label) => relabelled(name, label))].join(', ')
    const withLabels = (...labels: string[]) => ({
      ...headers,
      'signature-input': join('signature-input', labels),
      signature: join('signature', labels),
    })
    expect(reasonOf(withLabels('own'), body)).toBe('passed')
    expect(reasonOf(withLabels('b', 'c', 'd', 'e'), body)).toBe('malformed')
    expect(reasonOf({ ...headers, signature: relabelled('signature', 'x') }, body)).toBe('malformed')
  })

  it('is checked by the address that the sender calls, where a proxy has another', async () => {
    const { body, headers } = make(1)
    const at = (address: string) => {
      const route = { path: '/internal', source: 'r', provider: rfc9421, secrets: [secret], address }
      const clock = new VirtualClock(AT_MS)
      const ingest = createIngest({ routes: [route], publish: async () => {}, ready: async () => {}, clock })
      return ingest.handle(incoming({ ...headers, host: 'pod-7:8080' }, body, AT_MS, '/internal'))
    }
    expect((await at(URL_SIGNED)).status).toBe(200)
    expect((await at(URL_SIGNED.replace('https', 'http'))).status).toBe(401)
  })

  it('knows copies without an id by their bodies', () => {
    const id = (text: string) => rfc9421.identify(incoming({}, Buffer.from(text))).id
    expect(id('{"a":1}')).toBe(id('{"a":1}'))
    expect(id('{"a":1}')).not.toBe(id('{"a":2}'))
  })

  it.for(['base64:AAAA', 'base64:not in base64 at all', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'])(
    'refuses %s as a secret',
    (text) => expect(codeOf(() => rfc9421.secret(text))).toBe('misuse'),
  )

  it('sends invoices of half a kB', () => {
    expectSizes(rfc9421, { 'invoice.created': [400, 700], 'invoice.paid': [400, 700] })
  })
})
