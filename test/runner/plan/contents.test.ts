import { describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import github from '../../../providers/github.ts'
import razorpay from '../../../providers/razorpay.ts'
import stripe from '../../../providers/stripe.ts'
import twilio from '../../../providers/twilio.ts'
import { claimOf, requireRoom } from '../../../src/runner/plan/event-content.ts'
import { signedEvent } from '../../../src/runner/plan/make-event.ts'

const MIB = 1024 * 1024
const NOW_MS = 1_750_000_000_000
const run = { runId: 'run123', seed: 3 }
const at = { host: 'h', atMs: NOW_MS }
const longBodies = { share: 0.5, bytes: { min: 2 * 1024, max: MIB } }
const claimCheck = { share: 1, bytes: { min: 64, max: 4 * MIB }, unavailableOnce: 0.3, altered: 0.2 }

describe.each([generic, github, razorpay, stripe].map((provider) => [provider.name, provider] as const))(
  'the bodies of %s',
  (_, provider) => {
    const route = { path: '/hook', provider, secret: provider.secret('a-secret-for-tests-only') }
    const make = (seq: number, scenario: Parameters<typeof signedEvent>[0]['scenario']) => {
      const { headers, body } = signedEvent({ ...run, scenario }, route, { seq, key: 5 }, at)
      const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
      return { url: '/hook', header: (name: string) => lower.get(name), raw: body, receivedAtMs: NOW_MS }
    }
    const parse = (raw: Uint8Array) => JSON.parse(Buffer.from(raw).toString())

    it('are padded for the planned share, to the longest allowed exactly and never beyond, and are still its own', () => {
      const made = Array.from({ length: 300 }, (_, seq) => make(seq, { longBodies }))
      const plain = Array.from({ length: 300 }, (_, seq) => make(seq, {}))
      const padded = made.filter(({ raw }, seq) => raw.length !== plain[seq]!.raw.length)
      expect(padded.length).toBeGreaterThan(60)
      expect(padded.length).toBeLessThan(200)
      expect(Math.max(...made.map(({ raw }) => raw.length))).toBe(MIB)
      for (const [seq, request] of made.entries()) {
        provider.verify(request, [route.secret])
        const { digest: _digest, ...identity } = provider.identify(plain[seq]!)
        expect(provider.identify(request)).toMatchObject(identity)
        const { padding: _, ...rest } = parse(request.raw)
        expect(rest).toEqual(parse(plain[seq]!.raw))
      }
    })

    it('refer to their content by url, length and digest where the plan says so', () => {
      const request = make(7, { claimCheck })
      provider.verify(request, [route.secret])
      const { content, ...rest } = parse(request.raw)
      expect(rest).toEqual(parse(make(7, {}).raw))
      expect(content).toEqual({
        url: '/contents/7',
        bytes: claimOf(run.seed, 7, { claimCheck })!.bytes,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      })
    })
  },
)

describe('the plan of contents', () => {
  it('has each kind in its share', () => {
    const claims = Array.from({ length: 5_000 }, (_, seq) =>
      claimOf(9, seq, { claimCheck: { ...claimCheck, share: 0.4 } }),
    )
    const share = (of: (claim: NonNullable<(typeof claims)[number]>) => boolean) =>
      claims.filter((claim) => claim && of(claim)).length / 5_000
    expect(share(() => true)).toBeCloseTo(0.4, 1)
    expect(share(({ altered }) => altered)).toBeCloseTo(0.08, 1)
    expect(share(({ unavailableOnce }) => unavailableOnce)).toBeCloseTo(0.12, 1)
    expect(share(({ altered, unavailableOnce }) => altered && unavailableOnce)).toBe(0)
  })

  it('refuses providers whose bodies are no JSON', () => {
    expect(() => requireRoom({ longBodies }, twilio)).toThrow(/'twilio' sends no plain JSON/)
    expect(() => requireRoom({}, twilio)).not.toThrow()
  })
})
