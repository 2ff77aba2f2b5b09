import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FloodmarkError } from '../../src/core/errors.ts'
import type { Incoming, Provider } from '../../src/core/provider.ts'
import { seeded } from '../../src/core/random.ts'

export const AT_MS = 1_700_000_000_000

/** A request with these headers, as a receiver would hand it on. */
export function incoming(headers: Record<string, string>, raw: Uint8Array, receivedAtMs = AT_MS): Incoming {
  return { url: '/', raw, receivedAtMs, header: (name) => headers[name] }
}

export interface ProviderUnderTest {
  /** The header with the signature. */
  readonly signature: string
  /** Set for schemes that sign a time: how far it may be off, s. */
  readonly windowS?: number
}

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'passed'
  } catch (error) {
    return error instanceof FloodmarkError ? error.code : `${error}`
  }
}

/** What every provider must do. */
export function providerContract(provider: Provider, { signature, windowS }: ProviderUnderTest): void {
  const secret = provider.secret('whsec_current-0123456789')
  const old = provider.secret('whsec_old-0123456789')
  const other = provider.secret('whsec_other-0123456789')
  const make = (seed: number, atMs = AT_MS) => {
    const id = `run1-${seed}`
    const { type, body } = provider.sample(seeded(seed), { id, key: 'k7' })
    return { id, type, body, headers: provider.sign(body, secret, { id, type, atMs }) }
  }

  describe(`${provider.name} keeps the provider contract`, () => {
    it('verifies and identifies what it signed, whatever the sample', () => {
      fc.assert(
        fc.property(fc.nat(1_000_000), (seed) => {
          const { id, type, body, headers } = make(seed)
          const request = incoming(headers, body)
          provider.verify(request, [secret])
          const found = provider.identify(request)
          expect(found.id.endsWith(id)).toBe(true)
          expect(found.key.endsWith('k7')).toBe(true)
          expect(found.type).toBe(type)
          JSON.parse(body.toString())
        }),
        { numRuns: 60 },
      )
    })

    it('makes the same sample from the same seed', () => {
      expect(Buffer.compare(make(5).body, make(5).body)).toBe(0)
      expect(Buffer.compare(make(5).body, make(6).body)).not.toBe(0)
    })

    it('accepts any of several secrets, and none but them', () => {
      const { body, headers } = make(1)
      provider.verify(incoming(headers, body), [old, secret])
      expect(codeOf(() => provider.verify(incoming(headers, body), [old, other]))).toBe('bad-signature')
    })

    it('signs bytes, not text', () => {
      for (const body of [Buffer.from([0xc3, 0x28, 0, 0xff]), Buffer.from('\ufeff{}'), Buffer.alloc(0)]) {
        const headers = provider.sign(body, secret, { id: 'a-1', type: 't', atMs: AT_MS })
        provider.verify(incoming(headers, body), [secret])
        expect(['passed', 'bad-request']).toContain(codeOf(() => provider.identify(incoming(headers, body))))
      }
    })

    it('refuses an altered byte and a twin with other white space', () => {
      const { body, headers } = make(2)
      const altered = Buffer.from(body)
      altered[10]! ^= 1
      const twin = Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1))
      for (const raw of [altered, twin])
        expect(codeOf(() => provider.verify(incoming(headers, raw), [secret]))).toBe('bad-signature')
    })

    it('refuses every malformed signature as such, never with another error', () => {
      const { body, headers } = make(3)
      const right = headers[signature]!
      const digest = /[0-9a-f]{64}/.exec(right)![0]
      const base64 = Buffer.from(digest, 'hex').toString('base64')
      const wrong = [
        '',
        'v',
        right.slice(0, -1),
        `${right}00`,
        right.replace(digest, ''),
        right.replace(digest, base64),
      ]
      wrong.push(
        right.replace(digest, 'zz'.repeat(32)),
        right.replace(digest, digest.slice(0, 32)),
        '😀',
        ' '.repeat(5_000),
      )
      wrong.push(Array(5_000).fill('v1=00').join(','), right.replace(digest, '0'.repeat(64)))
      for (const text of wrong) {
        expect(codeOf(() => provider.verify(incoming({ ...headers, [signature]: text }, body), [secret]))).toBe(
          'bad-signature',
        )
      }
      const { [signature]: _, ...rest } = headers
      expect(codeOf(() => provider.verify(incoming(rest, body), [secret]))).toBe('bad-signature')
    })

    it.runIf(windowS !== undefined)('takes a time at the edge of its window, and none beyond', () => {
      const offsets = { passed: [0, -windowS!, windowS!], 'bad-signature': [-windowS! - 1, windowS! + 1, -1e9, 1e12] }
      for (const [code, list] of Object.entries(offsets)) {
        for (const offset of list) {
          const { body, headers } = make(4, AT_MS + offset * 1_000)
          expect(codeOf(() => provider.verify(incoming(headers, body), [secret]))).toBe(code)
        }
      }
    })

    it('refuses an empty secret without quoting one', () => {
      expect(codeOf(() => provider.secret(''))).toBe('misuse')
    })
  })
}
