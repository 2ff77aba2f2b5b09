import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PARAMETERS_MAX, writeForm } from '../../providers/twilio/form.ts'
import twilio from '../../providers/twilio.ts'
import { systemClock } from '../../src/core/contracts/clock.ts'
import { createIngest } from '../../src/core/receiving/ingest.ts'
import { AT_MS, codeOf, incoming, providerContract, URL_SIGNED } from '../contract/provider.ts'
import { oracle, withOracles } from '../oracles/oracle.ts'
import { expectSizes } from './sizes.ts'

type Parameters = Record<string, unknown>
interface Official {
  getExpectedBodyHash(body: string): string
  getExpectedTwilioSignature(token: string, url: string, parameters: Parameters): string
  validateRequest(token: string, signature: string, url: string, parameters: Parameters): boolean
  validateRequestWithBody(token: string, signature: string, url: string, body: string): boolean
}
const official = () => oracle<Official>('twilio/lib/webhooks/webhooks.js')

const forge = (body: Buffer) => {
  const text = body.toString()
  const without = text.slice(text.indexOf('&') + 1)
  const changed = [
    `${text}&Price=1`,
    `${text}&Price`,
    without,
    text.replace('Sid=', 'Sid=x'),
    text.replace('Sid=', 'Sd='),
  ]
  // No form at all: half an escape, bytes that are no UTF-8, too many parameters.
  const broken = [`${text}%`, `${text}%4`, `${text}%ff`, `${text}${'&a=1'.repeat(1_000)}`, '', '{"a":1}']
  return [...[...changed, ...broken].map((one) => Buffer.from(one)), Buffer.concat([body, Buffer.from([0xff])])]
}
providerContract(twilio, { signature: 'x-twilio-signature', digest: /.+/, forge })

const TOKEN = '0123456789abcdef0123456789abcdef'
const secret = twilio.secret(TOKEN)
const PATH = '/webhooks/in'
const PARAMETERS = { MessageSid: 'SM1', SmsStatus: 'received', From: '+911', To: '+1500', Body: 'à & b = c' }
const verdict = (signature: string, body: Uint8Array, host = 'hooks.example.com', url = PATH) =>
  codeOf(() => twilio.verify(incoming({ 'x-twilio-signature': signature, host }, body, AT_MS, url), [secret]))
const identify = (parameters: Record<string, string>) => twilio.identify(incoming({}, writeForm(parameters)))

describe('twilio and the official package verify each other', () => {
  const names = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'a b', 'a+b', 'a&b=', '10', '9'))
  const parameters = fc.dictionary(names, fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 4 }))

  it('whatever the parameters, repeated ones included', withOracles, () => {
    fc.assert(
      fc.property(parameters, (given) => {
        const pairs = Object.entries(given).flatMap(([name, values]) => values.map((value) => [name, value]))
        const body = Buffer.from(new URLSearchParams(pairs).toString())
        expect(verdict(official().getExpectedTwilioSignature(TOKEN, URL_SIGNED, given), body)).toBe('passed')
        const ours = twilio.sign(body, secret, { id: '', type: '', atMs: AT_MS, url: URL_SIGNED })[
          'x-twilio-signature'
        ]!
        expect(official().validateRequest(TOKEN, ours, URL_SIGNED, given)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('on which addresses are the one that was called', withOracles, () => {
    const body = writeForm(PARAMETERS)
    const signed = ['https', 'http'].flatMap((scheme) =>
      ['', ':443', ':80', ':8443', ':8444'].flatMap((port) =>
        [PATH, `${PATH}?a=%27b`, `${PATH}x`].map((url) => `${scheme}://hooks.example.com${port}${url}`),
      ),
    )
    for (const address of [...signed, `https://other.example.com${PATH}`]) {
      const signature = official().getExpectedTwilioSignature(TOKEN, address, PARAMETERS)
      for (const host of ['hooks.example.com', 'hooks.example.com:8443']) {
        for (const url of [PATH, `${PATH}?a=%27b`]) {
          const theirs = ['https', 'http'].some((scheme) =>
            official().validateRequest(TOKEN, signature, `${scheme}://${host}${url}`, PARAMETERS),
          )
          expect(verdict(signature, body, host, url), `${address}, ${host}${url}`).toBe(
            theirs ? 'passed' : 'bad-signature',
          )
        }
      }
    }
  })

  it('on JSON, whose hash the address carries', withOracles, () => {
    const body = Buffer.from('{"MessageSid":"SM1","MessageStatus":"sent"}')
    const url = `${PATH}?a=1&bodySHA256=${official().getExpectedBodyHash(body.toString())}`
    const address = `https://hooks.example.com${url}`
    expect(verdict(official().getExpectedTwilioSignature(TOKEN, address, {}), body, undefined, url)).toBe('passed')
    const ours = twilio.sign(body, secret, { id: '', type: '', atMs: AT_MS, url: address })['x-twilio-signature']!
    expect(official().validateRequestWithBody(TOKEN, ours, address, body.toString())).toBe(true)
    expect(verdict(ours, Buffer.from('{}'), undefined, url)).toBe('bad-signature')
    expect(twilio.identify(incoming({}, body, AT_MS, url))).toMatchObject({ type: 'message.sent' })
  })
})

describe('twilio', () => {
  it('refuses a hash that is given twice, cut or missing, though its address be signed', withOracles, () => {
    const body = Buffer.from('{}')
    const hash = official().getExpectedBodyHash('{}')
    const queries = [`bodySHA256=${hash}&bodySHA256=${hash}`, `bodySHA256=${hash.slice(1)}`, 'bodySHA256=']
    for (const query of [...queries, `bodySHA256=${hash.toUpperCase()}`]) {
      const signature = official().getExpectedTwilioSignature(TOKEN, `${URL_SIGNED}?${query}`, {})
      expect(verdict(signature, body, undefined, `${PATH}?${query}`), query).toBe('bad-signature')
    }
  })

  it('refuses bytes that are no UTF-8, though what they decode to be signed', withOracles, () => {
    const signature = official().getExpectedTwilioSignature(TOKEN, URL_SIGNED, { Body: '\ufffd' })
    expect(verdict(signature, writeForm({ Body: '\ufffd' }))).toBe('passed')
    expect(verdict(signature, Buffer.from([...Buffer.from('Body='), 0xff]))).toBe('bad-signature')
    expect(verdict(signature, Buffer.from('Body=%ff'))).toBe('bad-signature')
  })

  it('refuses more parameters than it would sort, and none of them unseen', withOracles, () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, 'v']))
    const [most, tooMany] = [many(PARAMETERS_MAX), many(PARAMETERS_MAX + 1)]
    const [signature, beyond] = [most, tooMany].map((form) =>
      official().getExpectedTwilioSignature(TOKEN, URL_SIGNED, form),
    )
    expect(verdict(signature!, writeForm(most))).toBe('passed')
    expect(verdict(signature!, writeForm(tooMany))).toBe('bad-signature')
    expect(verdict(beyond!, writeForm(tooMany))).toBe('bad-signature')
  })

  it('refuses a Host in which more than a name and a port stands', withOracles, () => {
    const signature = official().getExpectedTwilioSignature(TOKEN, URL_SIGNED, PARAMETERS)
    for (const host of ['', 'hooks.example.com/', 'a@hooks.example.com', 'hooks.example.com:', 'hooks.example.com:x']) {
      expect(verdict(signature, writeForm(PARAMETERS), host)).toBe('bad-signature')
    }
    const shifted = official().getExpectedTwilioSignature(TOKEN, `https://hooks.example.com/other${PATH}`, PARAMETERS)
    expect(verdict(shifted, writeForm(PARAMETERS), 'hooks.example.com/other')).toBe('bad-signature')
    expect(
      verdict(official().getExpectedTwilioSignature(TOKEN, `https://[::1]${PATH}`, {}), Buffer.alloc(0), '[::1]:80'),
    ).toBe('passed')
  })

  it.each([
    ['another host', 'http://internal:3000/webhooks/in'],
    ['a port that the proxy takes away', 'https://hooks.example.com/webhooks/in'],
    ['a prefix that the proxy takes away', 'https://hooks.example.com/webhooks/in?a=%27b'],
  ])('is verified over the public address of its route, behind a proxy that hands on %s', async (_, arrived) => {
    const address = 'https://hooks.example.com:8443/shop/webhooks/in'
    const [called, came] = [new URL(arrived).search, new URL(arrived)]
    const body = writeForm(PARAMETERS)
    const signature = twilio.sign(body, secret, { id: '', type: '', atMs: AT_MS, url: `${address}${called}` })
    const headers = { 'x-twilio-signature': signature['x-twilio-signature']!, host: came.host }
    const request = incoming(headers, body, AT_MS, `${came.pathname}${came.search}`)
    const statusOf = async (route: object) => {
      const routes = [{ path: PATH, source: 'twilio', provider: twilio, secrets: [secret], ...route }]
      const ingest = createIngest({ routes, publish: async () => {}, ready: async () => {}, clock: systemClock })
      return (await ingest.handle(request)).status
    }
    expect(await statusOf({ address })).toBe(204)
    expect(await statusOf({})).toBe(401)
    expect(await statusOf({ address: 'https://other.example.com/shop/webhooks/in' })).toBe(401)
  })

  it.each([
    'https://Hooks.Example.com/webhooks/twilio',
    "https://hooks.example.com/webhooks/o'brien",
    'https://hooks.example.com/webhooks/{tenant}',
    'https://hooks.example.com',
  ])('is verified over %s as it is written, which is how it is signed', async (address) => {
    const body = writeForm(PARAMETERS)
    const url = address === 'https://hooks.example.com' ? `${address}/` : address
    const headers = { ...twilio.sign(body, secret, { id: '', type: '', atMs: AT_MS, url }), host: 'internal' }
    const routes = [{ path: PATH, source: 'twilio', provider: twilio, secrets: [secret], address }]
    const ingest = createIngest({ routes, publish: async () => {}, ready: async () => {}, clock: systemClock })
    expect((await ingest.handle(incoming(headers, body, AT_MS, PATH))).status).toBe(204)
  })

  it.each(['hooks.example.com/in', 'ftp://x/in', 'https://me:word@x/in', 'https://x/in?a=1', 'https:///in'])(
    'refuses %s as a public address at start, without showing it',
    (address) => {
      const routes = [{ path: PATH, source: 'twilio', provider: twilio, secrets: [secret], address }]
      const start = () => createIngest({ routes, publish: async () => {}, ready: async () => {}, clock: systemClock })
      expect(start).toThrow('has an address that is none, or has a user or a query in it')
      expect(start).not.toThrow('word')
    },
  )

  it('knows an event again however its form is spelt, and keeps apart what is told of one call', () => {
    const idOf = (form: string) => twilio.identify(incoming({}, Buffer.from(form))).id
    expect(idOf('&CallSid=CA1&Digits=%31&Digits=1')).toBe(idOf('Digits=1&CallSid=CA1'))
    expect(idOf('CallSid=CA1&CallStatus=in-progress&Digits=1')).not.toBe(
      idOf('CallSid=CA1&CallStatus=in-progress&Digits=2'),
    )
  })

  it('orders a person’s messages, either way, and what happens to a call', () => {
    expect(identify(PARAMETERS)).toMatchObject({ key: '+911', type: 'message.received' })
    const sent = { MessageSid: 'SM2', MessageStatus: 'sent', From: '+1500', To: '+911' }
    expect(identify(sent)).toMatchObject({ key: '+911', type: 'message.sent' })
    const call = { CallSid: 'CA1', CallStatus: 'completed', From: '+1500', To: '+911' }
    expect(identify(call)).toMatchObject({ key: 'CA1', type: 'call.completed' })
    expect(identify({ a: 'b' }).type).toBe('unknown')
    expect(codeOf(() => identify({}))).toBe('bad-request')
  })

  it('sends messages of 0.4 kB and their states of 0.2 kB', () => {
    expectSizes(twilio, { 'message.received': [400, 600], 'message.delivered': [150, 250] })
  })
})
