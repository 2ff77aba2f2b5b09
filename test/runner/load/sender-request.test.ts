import { describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import github from '../../../providers/github.ts'
import razorpay from '../../../providers/razorpay.ts'
import stripe from '../../../providers/stripe.ts'
import { headerReader } from '../../../src/core/base/headers.ts'
import { requestMaker } from '../../../src/runner/load/sender/request.ts'

const NOW_MS = 1_750_000_000_000
const routes = [generic, razorpay, github, stripe].map((provider) => ({
  path: `/webhooks/${provider.name}`,
  provider,
  secret: provider.secret('a-secret-for-tests-only'),
}))

/** Taken apart by the rules of HTTP/1.1, not by ours. */
function takeApart(bytes: Buffer) {
  const end = bytes.indexOf('\r\n\r\n')
  const [line, ...headers] = bytes.toString('latin1', 0, end).split('\r\n')
  const raw = headers.flatMap((one) => [one.slice(0, one.indexOf(':')), one.slice(one.indexOf(':') + 1).trim()])
  return { line, header: headerReader(raw), body: bytes.subarray(end + 4) }
}

describe('the request maker', () => {
  it.each(routes.map((route, position) => [route.provider.name, position] as const))(
    'makes requests of %s that its own verifier accepts, with the planned id and key',
    (_, position) => {
      const { path, provider, secret } = routes[position]!
      const make = requestMaker({ runId: 'run123', seed: 7, scenario: {}, routes })
      const { bytes, bodyBytes } = make('127.0.0.1:8080', position, 42, 3, NOW_MS)
      const { line, header, body } = takeApart(bytes)
      expect(line).toBe(`POST ${path} HTTP/1.1`)
      expect(header('host')).toBe('127.0.0.1:8080')
      expect(header('content-length')).toBe(String(body.length))
      expect(bodyBytes).toBe(body.length)
      const incoming = { url: path, header, raw: body, receivedAtMs: NOW_MS }
      provider.verify(incoming, [secret])
      const { id, key } = provider.identify(incoming)
      expect(id).toMatch(/run123-42$/)
      expect(key).toMatch(/k3$/)
    },
  )

  it('makes the same body for the same number and seed, and another for another', () => {
    const body = (seed: number, seq: number) =>
      takeApart(
        requestMaker({ runId: 'run123', seed, scenario: {}, routes })('h', 0, seq, 1, NOW_MS).bytes,
      ).body.toString()
    expect(body(1, 5)).toBe(body(1, 5))
    expect(new Set([body(1, 5), body(1, 6), body(2, 5)]).size).toBe(3)
  })
})
