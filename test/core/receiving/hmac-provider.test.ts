import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import github from '../../../providers/github.ts'
import razorpay from '../../../providers/razorpay.ts'
import stripe from '../../../providers/stripe.ts'
import { completed } from '../../../src/core/receiving/completed.ts'
import { type HmacOptions, hmac } from '../../../src/core/receiving/hmac-provider.ts'
import { AT_MS, incoming, providerContract, signer } from '../../contract/provider.ts'

const SHAPES: readonly [HmacOptions, Parameters<typeof providerContract>[1]][] = [
  [
    { name: 'plain', header: 'X-Sig', id: { body: 'data.id' }, key: { body: 'data.key' }, type: { body: 'kind' } },
    { signature: 'x-sig' },
  ],
  [
    {
      ...{
        name: 'dated',
        header: 'x-sig',
        prefix: 'v0=',
        timestamp: { header: 'x-at' },
        signed: 'v0:{timestamp}:{body}',
      },
      ...{
        id: { header: 'x-id' },
        key: { body: 'key' },
        type: { header: 'x-type' },
        encoding: 'base64',
        algorithm: 'sha512',
      },
    },
    { signature: 'x-sig', windowS: 300, digest: /[A-Za-z0-9+/]{86}==/ },
  ],
  [
    {
      ...{ name: 'items', header: 'x-sig', item: 'v1', timestamp: { item: 't' }, signed: '{id}.{timestamp}.{body}' },
      ...{ id: { header: 'x-id' }, key: { body: 'key' }, type: { header: 'x-type' }, toleranceS: 60 },
    },
    { signature: 'x-sig', windowS: 60 },
  ],
]
for (const [options, under] of SHAPES) providerContract(hmac(options), under)

describe('a provider by configuration', () => {
  it.for([
    [razorpay, { header: 'x-razorpay-signature', id: { header: 'x-razorpay-event-id' }, type: { body: 'event' } }],
    [github, { header: 'x-hub-signature-256', prefix: 'sha256=', id: { header: 'x-github-delivery' } }],
    [stripe, { header: 'stripe-signature', item: 'v1', timestamp: { item: 't' }, id: { body: 'id' } }],
  ] as const)('takes what %s signs, and nothing else', ([provider, options]) => {
    const configured = hmac({ name: 'mine', ...options })
    const { make } = signer(provider)
    const { body, headers, id } = make(5)
    const secrets = [configured.secret('whsec_1-0123456789'), provider.secret('whsec_1-0123456789')]
    const text = 'whsec_5-0123456789'
    const signing = provider.secret(text)
    const signed = { ...headers, ...provider.sign(body, signing, { id, type: 'unknown', atMs: AT_MS }) }
    const request = incoming(signed, body)
    configured.verify(request, [...secrets, configured.secret(text)])
    expect(configured.identify(request).id).toContain(id)
    expect(() => configured.verify(request, secrets)).toThrow('matches no secret')
  })

  // Paddle's documents of its signatures; fossasia/eventyay-veditor#19: spaces behind the commas.
  it.each(['ts=T;h1=S', 'ts=T; h1=S', 't=T, v1=S', 'v1=00 ,\tv1=S , t=T'])('takes the items of %s', (written) => {
    const [time, item] = written.startsWith('ts') ? ['ts', 'h1'] : ['t', 'v1']
    const own = hmac({
      ...{ name: 'mine', header: 'x-sig', item: item!, timestamp: { item: time! }, signed: '{timestamp}:{body}' },
    })
    const [text, body, at] = ['pdl_ntfset_0123456789abcdef', Buffer.from('{"a":1}'), AT_MS / 1_000]
    const mac = createHmac('sha256', text).update(`${at}:`).update(body).digest('hex')
    const header = written.replace('T', String(at)).replace('S', mac)
    own.verify(incoming({ 'x-sig': header }, body), [own.secret(text)])
    const other = header.replace(
      mac,
      mac.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
    )
    expect(() => own.verify(incoming({ 'x-sig': other }, body), [own.secret(text)])).toThrow('matches no secret')
  })

  it('knows an event without an id by its body', () => {
    const own = hmac({ name: 'mine', header: 'x-sig' })
    const [one, same, other] = ['{"a":1}', '{"a":1}', '{"a":2}'].map((text) =>
      own.identify(incoming({}, Buffer.from(text))),
    )
    expect([one!.id, one!.key, one!.type]).toEqual([same!.id, one!.id, 'unknown'])
    expect(other!.id).not.toBe(one!.id)
  })

  it.for([
    [{ header: '' }, 'header is missing'],
    [{ name: 'a:b' }, 'name'],
    [{ item: 'v1', prefix: 'v1=' }, 'either'],
    [{ signed: '{time}.{body}' }, '{time}'],
    [{ signed: 'fixed' }, 'must have {body} once'],
    [{ timestamp: { header: 'x-at' }, signed: '{body}' }, 'timestamp is not in what is signed'],
    [{ signed: '{timestamp}{body}' }, 'say where'],
    [{ signed: '{id}{body}', id: { body: 'id' } }, 'name the header'],
    [{ toleranceS: 0 }, 'toleranceS'],
    [{ timestamp: { item: 't' } }, 'timestamp is an item'],
  ] as const)('is refused where it would prove nothing: %j', ([options, why]) => {
    expect(() => hmac({ name: 'mine', header: 'x-sig', ...options } as HmacOptions)).toThrow(why)
  })

  it('of a service needs no signing, samples or schedule, and says so where a run asks', () => {
    const given = {
      ...{ name: 'mine', secret: razorpay.secret, identify: () => ({ id: '1', key: '1', type: 't' }) },
      verify: () => {},
    }
    const whole = completed(given)
    expect([whole.name, whole.contextHeaders, whole.delivery.attemptsMax]).toEqual(['mine', [], 8])
    expect(() => whole.sample(Math.random, { id: 'a', key: 'b' })).toThrow('has no sample: a run needs it')
    expect(completed(razorpay)).toBe(razorpay)
    const mac = createHmac('sha256', 'x').digest('hex')
    expect(mac).toHaveLength(64)
  })
})
