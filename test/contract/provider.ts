import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isJsonType } from '../../src/core/base/json-body.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { Incoming } from '../../src/core/contracts/incoming.ts'
import type { Identity, Provider } from '../../src/core/contracts/provider.ts'
import { seeded } from '../../src/core/contracts/random.ts'

export const AT_MS = 1_700_000_000_000
/** The address of every request in these tests: some schemes sign the address. */
const HOST = 'hooks.example.com'
const PATH = '/webhooks/in'
export const URL_SIGNED = `https://${HOST}${PATH}`

/** A request with these headers, as a receiver would hand it on. */
export function incoming(headers: Record<string, string>, raw: Uint8Array, receivedAtMs = AT_MS, url = PATH): Incoming {
  return { url, raw, receivedAtMs, header: (name) => headers[name] ?? (name === 'host' ? HOST : undefined) }
}

export interface ProviderUnderTest {
  /** The header with the signature. Absent where the body carries it: such a provider tests malformed signatures itself. */
  readonly signature?: string
  /** Set for schemes that sign a time: it may be off by so many seconds. */
  readonly windowS?: number
  /** The signature itself within that header. Default: SHA-256 in hex. */
  readonly digest?: RegExp
  /** A fresh pair of secrets. Default: the provider's newSecret, or else any text for both sides. */
  readonly pair?: () => { readonly signing: string; readonly verifying: string }
  /**
   * Set where fields of the body are signed, not its bytes: bodies made from a genuine one that must be refused.
   * Default: the bytes are signed, so a body with a flipped bit and one with other white space are refused.
   */
  readonly forge?: (body: Buffer) => readonly Buffer[]
  /** Set where it may also send its JSON in the field `payload` of a form. */
  readonly sendsForms?: boolean
}

/** The error that `work` throws; undefined when it throws nothing. */
function errorOf(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}

/** The error code of `work`, or 'passed' when it does not fail. */
export function codeOf(work: () => unknown): string {
  const error = errorOf(work)
  if (error === undefined) return 'passed'
  return error instanceof FloodmarkError ? error.code : `${error}`
}

/** JSON in which every member has a false one before or behind it. */
function twice(value: unknown, falseLast: boolean): string {
  if (Array.isArray(value)) return `[${value.map((one) => twice(one, falseLast)).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, inner]) => {
    const [right, wrong] = [`${JSON.stringify(name)}:${twice(inner, falseLast)}`, `${JSON.stringify(name)}:"false"`]
    return falseLast ? `${right},${wrong}` : `${wrong},${right}`
  })
  return `{${members.join()}}`
}

/** True when no true member of the body is left: the identity differs, or comes from headers alone. */
function falseOrRefused(identify: () => Identity, once: Identity): boolean {
  if (codeOf(identify) === 'bad-request') return true
  const { id, key, type } = identify()
  return key !== once.key && (id === once.id || id.includes('false')) && (type === once.type || type === 'false')
}

function flippedAndTwin(body: Buffer): Buffer[] {
  const flipped = Buffer.from(body)
  flipped[10]! ^= 1
  return [flipped, Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1))]
}

/** The sender's side of a provider under test: imported secrets and signed samples. */
export function signer(provider: Provider, pair = provider.newSecret ?? anyText) {
  const [now, old, other] = [pair(), pair(), pair()]
  const signing = provider.secret(now.signing)
  const sign = (sample: Uint8Array, options: { id: string; type: string; atMs: number }) => {
    const signOptions = { ...options, url: URL_SIGNED }
    const body = Buffer.from(provider.seal?.(sample, signing, signOptions) ?? sample)
    return { body, headers: provider.sign(body, signing, signOptions) }
  }
  return {
    secret: provider.secret(now.verifying),
    old: provider.secret(old.verifying),
    other: provider.secret(other.verifying),
    sign,
    make(seed: number, atMs = AT_MS) {
      const id = `run1-${seed}`
      const sample = provider.sample(seeded(seed), { id, key: 'k7' })
      return { id, type: sample.type, ...sign(sample.body, { id, type: sample.type, atMs }) }
    },
  }
}

let texts = 0
function anyText() {
  const text = `whsec_${++texts}-0123456789`
  return { signing: text, verifying: text }
}

/** Malformed signature headers, made from a genuine one. */
function malformed(right: string, digest: string): string[] {
  const hex = /^([0-9a-f]{2})+$/.test(digest)
  const otherwise = hex ? Buffer.from(digest, 'hex').toString('base64') : Buffer.from(digest, 'base64').toString('hex')
  const half = digest.slice(0, Math.floor(digest.length / 2))
  const zeros = hex ? '0'.repeat(digest.length) : digest.replace(/[^=]/g, 'A')
  return [
    '',
    'v',
    right.slice(0, -1),
    `${right}00`,
    right.replace(digest, ''),
    ...['zz'.repeat(digest.length / 2), otherwise, half, `${digest}${digest}`, zeros].map((text) =>
      right.replace(digest, text),
    ),
    '😀',
    ' '.repeat(5_000),
    Array(5_000).fill('v1=00').join(','),
    Array(5_000).fill('v1,00').join(' '),
  ]
}

/** Tests the contract of every provider. */
export function providerContract(provider: Provider, under: ProviderUnderTest): void {
  const { signature, windowS, digest = /[0-9a-f]{64}/, forge } = under
  const { secret, old, other, sign, make } = signer(provider, under.pair)

  describe(`${provider.name} keeps the provider contract`, () => {
    it('verifies and identifies every sample that it signed', () => {
      fc.assert(
        fc.property(fc.nat(1_000_000), (seed) => {
          const { id, type, body, headers } = make(seed)
          const request = incoming(headers, body)
          provider.verify(request, [secret])
          const found = provider.identify(request)
          expect(found.id.endsWith(id)).toBe(true)
          expect(found.key.endsWith('k7')).toBe(true)
          expect(found.type).toBe(type)
          if (isJsonType(provider.contentType)) JSON.parse(body.toString())
        }),
        { numRuns: 60 },
      )
    })

    it('verifies by the headers that it names: a verifying thread gets no others', () => {
      const { body, headers } = make(9)
      const request = incoming(headers, body)
      const header = (name: string) => (provider.signatureHeaders.includes(name) ? request.header(name) : undefined)
      provider.verify({ ...request, header }, [secret])
    })

    it('makes the same sample from the same seed', () => {
      const sample = (seed: number) => Buffer.from(provider.sample(seeded(seed), { id: 'a-1', key: 'k1' }).body)
      expect(sample(5).equals(sample(5))).toBe(true)
      expect(sample(5).equals(sample(6))).toBe(false)
    })

    it('accepts any of several secrets, and no other secret', () => {
      const { body, headers } = make(1)
      provider.verify(incoming(headers, body), [old, secret])
      expect(codeOf(() => provider.verify(incoming(headers, body), [old, other]))).toBe('bad-signature')
      expect(codeOf(() => provider.verify(incoming(headers, body), []))).toBe('bad-signature')
    })

    it('signs bytes, not text, and makes no event of a body that is not JSON', ({ skip }) => {
      skip(forge !== undefined && signature === undefined, 'not for this provider: it signs fields, not the body')
      skip(!isJsonType(provider.contentType), 'not for this provider: it sends no JSON')
      const cut = make(5).body.subarray(0, -1)
      const texts = [
        '',
        ' ',
        '{',
        'no JSON',
        "{'a':1}",
        '{"a":1}{}',
        '{"a":NaN}',
        'payload=%7B',
        'payload=%7B%7D&a=1',
        'a=1&payload=%7B%7D',
        '\0{}',
      ]
      const wrong = [Buffer.from([0xc3, 0x28, 0, 0xff]), cut, ...texts.map((text) => Buffer.from(text))]
      const form = Buffer.from('payload=%7B%7D')
      for (const raw of [...wrong, Buffer.from('\ufeff{}'), form]) {
        const { body, headers } = sign(raw, { id: 'a-1', type: 't', atMs: AT_MS })
        const request = incoming(headers, body)
        provider.verify(request, [secret])
        expect(provider.handshake?.(request)).toBeUndefined()
        const verdict = codeOf(() => provider.identify(request))
        if (wrong.includes(raw) || (raw === form && !under.sendsForms))
          expect(verdict, raw.toString('latin1')).toBe('bad-request')
        else expect(['passed', 'bad-request']).toContain(verdict)
      }
    })

    it('identifies by the last of two equal members, as JSON.parse does', ({ skip }) => {
      skip(!isJsonType(provider.contentType), 'not for this provider: it sends no JSON')
      const { id, type, body, headers } = make(6)
      const options = { id, type, atMs: AT_MS }
      const once = provider.identify(incoming(headers, body))
      // Where the body is signed as bytes, the signed body has every member twice.
      const signed = (text: string) => {
        const raw = Buffer.from(text)
        return incoming(forge ? headers : sign(raw, options).headers, raw)
      }
      const falseFirst = signed(twice(JSON.parse(body.toString()), false))
      provider.verify(falseFirst, [secret])
      // Its bytes are others, and with them the digest.
      const { digest: _, ...identity } = once
      expect(provider.identify(falseFirst)).toMatchObject(identity)
      const falseLast = signed(twice(JSON.parse(body.toString()), true))
      const code = codeOf(() => provider.verify(falseLast, [secret]))
      if (forge && signature === undefined) expect(code).toBe('bad-signature')
      else expect(falseOrRefused(() => provider.identify(falseLast), once)).toBe(true)
    })

    it('refuses an altered body', () => {
      const { body, headers } = make(2)
      for (const raw of (forge ?? flippedAndTwin)(body)) {
        const verdict = codeOf(() => provider.verify(incoming(headers, raw), [secret]))
        expect(verdict, raw.toString('latin1')).toBe('bad-signature')
      }
    })

    it('refuses every malformed signature as a bad signature', ({ skip }) => {
      skip(signature === undefined, 'not for this provider: its body carries the signature')
      const { body, headers } = make(3)
      const right = headers[signature!]!
      for (const text of malformed(right, digest.exec(right)![0])) {
        const request = incoming({ ...headers, [signature!]: text }, body)
        expect(
          codeOf(() => provider.verify(request, [secret])),
          text.slice(0, 200),
        ).toBe('bad-signature')
      }
      const { [signature!]: _, ...rest } = headers
      expect(codeOf(() => provider.verify(incoming(rest, body), [secret]))).toBe('bad-signature')
    })

    it('takes a time at the edge of its window, and refuses one beyond it', ({ skip }) => {
      skip(windowS === undefined, 'not for this provider: it signs no time')
      const offsets = { passed: [0, -windowS!, windowS!], 'bad-signature': [-windowS! - 1, windowS! + 1, -1e9, 1e12] }
      for (const [code, list] of Object.entries(offsets)) {
        for (const offset of list) {
          const { body, headers } = make(4, AT_MS + offset * 1_000)
          expect(codeOf(() => provider.verify(incoming(headers, body), [secret]))).toBe(code)
        }
      }
    })

    it('refuses a text that is not a valid secret at start, and does not quote it', () => {
      const right = (under.pair ?? provider.newSecret ?? anyText)().verifying
      provider.secret(right)
      const wrong = [
        '',
        ' ',
        '\n',
        'a',
        'undefined',
        'Null',
        'changeme',
        'test',
        'kept-too-short',
        'Your_Webhook-Secret.here',
      ]
      const longer = [
        'whsec_changemechangeme',
        '0'.repeat(64),
        'x'.repeat(32),
        `\n${right}`,
        ` ${right}`,
        `${right} `,
        `${right}\t`,
        `"${right}"`,
        `'${right}'`,
        `v1,${right}`,
        `“${right}”`,
        `«${right}»`,
        // A shell or a page of settings that keeps the line end as two characters.
        `${right}\\n`,
        `STRIPE_WEBHOOK_SECRET=${right}`,
        `export signingKey=${right}`,
        `webhook-token: ${right}`,
        // What a store of secrets gives where a name within it is not asked for.
        JSON.stringify({ secret: right }),
        JSON.stringify([right], null, 2),
        'whsec_a1b2c3d4e5f6a7b8c9d0e1f2,whsec_f2e1d0c9b8a7f6e5d4c3b2a1',
        Buffer.from('whsec_a1b2c3d4e5f6a7b8c9d0e1f2').toString('base64'),
        'we_1MqqbKLt4dXK03v5qaIbiNCC',
        'sk_org_live_a1b2c3d4e5f6a7b8c9d0e1f2',
        'xoxe.xoxp-1-a1b2c3d4e5f6a7b8c9d0e1f2',
        `\u200b${right}`,
        // Read as another encoding than its own.
        `${right.slice(0, 5)}\0${right.slice(5)}`,
        `\ufffd\ufffd${right}`,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder that was not filled in
        '${STRIPE_WEBHOOK_SECRET}',
        '$STRIPE_WEBHOOK_SECRET',
        '%STRIPE_WEBHOOK_SECRET%',
        '<the secret of your endpoint>',
        '{{ stripe.webhook_secret }}',
        'op://vault/stripe/webhook-secret',
        'arn:aws:secretsmanager:eu-west-1:1:secret:stripe',
        ...['sk_test_', 'pk_live_', 'rk_live_', 'xoxb-', 'ghp_', 'github_pat_', 'shpat_', 'rzp_live_'].map(
          (start) => `${start}a1b2c3d4e5f6a7b8c9d0e1f2`,
        ),
        'AC0123456789abcdef0123456789abcdef',
        '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----',
      ]
      for (const text of [...wrong, ...longer]) {
        const error = errorOf(() => provider.secret(text))
        expect(error, text).toMatchObject({ code: 'misuse' })
        const said = (error as Error).message
        expect(said).toContain(provider.name.split(',')[0])
        if (text.length > 8) expect(said).not.toContain(text.trim())
      }
    })
  })
}
