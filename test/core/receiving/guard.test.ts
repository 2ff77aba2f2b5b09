import { describe, expect, it } from 'vitest'
import { providers } from '../../../providers/index.ts'
import stripe from '../../../providers/stripe.ts'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import type { Route } from '../../../src/core/contracts/provider.ts'
import { Addresses, limitedAs, senderOf } from '../../../src/core/receiving/addresses.ts'
import { createIngest } from '../../../src/core/receiving/ingest.ts'
import { SenderRates } from '../../../src/core/receiving/rates/sender-rates.ts'
import { AT_MS, signer } from '../../contract/provider.ts'

const from = (remoteAddress: string | undefined, forwarded?: string) => {
  return { socket: { remoteAddress }, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } }
}
const { secret } = signer(stripe)

function guarded(more: Partial<Route>, trustedProxies: readonly string[] = []) {
  const clock = new VirtualClock(AT_MS)
  const route = { path: '/in', source: 'stripe', provider: stripe, secrets: [secret], ...more }
  const routes = [route, { ...route, path: '/open', allowFrom: undefined, rate: undefined } as unknown as Route]
  const ingest = createIngest({ routes, publish: async () => {}, ready: async () => {}, clock, trustedProxies })
  const ask = (source: ReturnType<typeof from>, path = '/in') => {
    return ingest.admit('POST', path, source) as { status: number; retryAfterS?: number } | undefined
  }
  return { clock, ask, ingest }
}

describe('whose request it is', () => {
  const trusted = new Addresses(['10.0.0.0/8', '::1'], 'trustedProxies')
  it.for([
    ['a stranger is who it says it is, whatever it writes', from('203.0.113.9', '10.0.0.1'), '203.0.113.9'],
    ['a proxy tells whom it was told by', from('10.0.0.1', '203.0.113.9'), '203.0.113.9'],
    [
      'what a stranger wrote before it counts for nothing',
      from('10.0.0.1', '198.51.100.1, 203.0.113.9'),
      '203.0.113.9',
    ],
    ['several proxies', from('10.0.0.1', '203.0.113.9, 10.0.0.7,10.0.0.8'), '203.0.113.9'],
    ['a proxy by itself', from('10.0.0.1', '10.0.0.7'), '10.0.0.7'],
    ['IPv4 on an IPv6 socket, with ports', from('::ffff:10.0.0.1', '203.0.113.9:4711'), '203.0.113.9'],
    ['IPv6 with a port', from('::1', '[2001:db8::7]:443'), '2001:db8::7'],
    ['nobody whom it names', from('10.0.0.1', 'unknown'), undefined],
    ['a proxy that says nothing', from('10.0.0.1'), undefined],
    ['a connection that is gone', from(undefined, '203.0.113.9'), undefined],
  ] as const)('%s', ([, source, expected]) => {
    expect(senderOf(source, trusted)).toBe(expected)
  })

  it.for(['10.0.0.0/33', '10.0.0', 'localhost', '10.0.0.0/8/8', '::1/129', '10.0.0.0/-1', ''])(
    'refuses %j',
    (range) => {
      expect(() => new Addresses([range], 'here')).toThrow('is no address')
    },
  )
})

describe('whose limit an address counts against', () => {
  it.for([
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8::7', '2001:db8:0:0::/64'],
    ['2001:DB8:0:0:ffff:ffff:ffff:ffff', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::7', '2001:db8:0:1::/64'],
    ['2001:db8:1:2:3::', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b::192.0.2.7'],
    ['64:ff9b::c000:207', '64:ff9b::c000:207'],
    ['fe80::7%eth0', 'fe80:0:0:0::/64'],
    ['::ffff:c000:207', '::ffff:c000:207'],
  ] as const)('%s', ([address, expected]) => {
    expect(limitedAs(address)).toBe(expected)
  })
})

describe('a route that asks for it', () => {
  it('takes no more of a sender that comes from another address of its IPv6 network each time', () => {
    const { ask } = guarded({ rate: { each: { perS: 2 } } })
    const replies = Array.from({ length: 6 }, (_, at) => ask(from(`2001:db8:7::${at}`)))
    expect(replies.map((reply) => reply?.status)).toEqual([undefined, undefined, 429, 429, 429, 429])
    expect(ask(from('2001:db8:7:1::1'))).toBeUndefined()
  })

  it('takes requests of its addresses alone, and before a byte of the body is read', () => {
    const { ask, ingest } = guarded({ allowFrom: ['published', '192.0.2.0/24'] }, ['10.0.0.1'])
    expect(ask(from('3.18.12.63'))).toBeUndefined()
    expect(ask(from('10.0.0.1', '192.0.2.77'))).toBeUndefined()
    expect(ask(from('203.0.113.9', '3.18.12.63'))).toMatchObject({ status: 403 })
    expect(ask(from('10.0.0.1', 'rubbish'))).toMatchObject({ status: 403 })
    expect(ask(from('203.0.113.9'), '/open')).toBeUndefined()
    expect(ingest.counts.refused['/in']).toEqual({ address: 2 })
  })

  it('takes so many a second of each address, and of all', async () => {
    const { ask, clock } = guarded({ rate: { each: { perS: 2, burst: 4 }, all: { perS: 10 } }, tellsReasons: true })
    const taken = (address: string, times: number) =>
      Array.from({ length: times }, () => ask(from(address))).filter((reply) => reply === undefined).length
    expect([taken('192.0.2.1', 9), taken('192.0.2.2', 9), taken('192.0.2.3', 9)]).toEqual([4, 4, 2])
    expect(ask(from('192.0.2.1'))).toEqual({ status: 429, reason: 'rate', retryAfterS: 1 })
    await clock.advance(1_000)
    expect([taken('192.0.2.1', 9), taken('192.0.2.4', 9)]).toEqual([2, 4])
  })

  it('spreads those that share a limit over the time that they take, within a bound', async () => {
    const clock = new VirtualClock(AT_MS)
    const randoms = [0, 0, 1, 1]
    let drawn = 0
    const routes = [{ path: '/in', source: 's', provider: stripe, secrets: [secret], rate: { all: { perS: 10 } } }]
    const options = {
      routes,
      publish: async () => {},
      ready: async () => {},
      clock,
      random: () => randoms[drawn++ % 4]!,
    }
    const ingest = createIngest(options)
    const asked = () => ingest.admit('POST', '/in', from('192.0.2.1')) as { retryAfterS?: number } | undefined
    const told = Array.from({ length: 2_010 }, asked).slice(10)
    const seconds = told.map((reply) => reply!.retryAfterS!)
    expect(Math.min(...seconds)).toBe(1)
    expect(Math.max(...seconds)).toBe(60)
  })

  it('says when one more may come, and forgets those that were longest away', async () => {
    const clock = new VirtualClock()
    const limit = new SenderRates(0.1, 1, clock)
    expect([limit.waitS('a'), limit.waitS('a')]).toEqual([0, 10])
    await clock.advance(4_000)
    expect(limit.waitS('a')).toBeCloseTo(6)
    for (let n = 0; n < 10_000; n++) limit.waitS(`other ${n}`)
    expect(limit.waitS('a')).toBe(0)
  })

  it('does not start where it asks for what cannot be', async () => {
    expect(() => guarded({ allowFrom: ['everywhere'] })).toThrow('is no address')
    expect(() =>
      guarded({ provider: { ...stripe, publishedAddresses: undefined } as never, allowFrom: ['published'] }),
    ).toThrow('no published addresses')
    expect(() => guarded({ rate: { all: { perS: 0 } } })).toThrow('give more than 0')
    for (const load of Object.values(providers)) {
      const { publishedAddresses: published } = (await load()).default
      if (!published) continue
      expect(new Addresses(published.ranges, 'published')).toBeDefined()
      expect(Date.parse(published.asOf)).toBeGreaterThan(Date.parse('2026-01-01'))
    }
  })
})
