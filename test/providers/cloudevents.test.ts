import { describe, expect, it } from 'vitest'
import cloudevents from '../../providers/cloudevents.ts'
import { VirtualClock } from '../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { Route } from '../../src/core/contracts/provider.ts'
import { createIngest, type IngestOptions } from '../../src/core/receiving/ingest.ts'
import { AT_MS, codeOf, incoming, providerContract } from '../contract/provider.ts'
import { expectSizes } from './sizes.ts'

// The body is not signed: nothing made of it can be refused.
providerContract(cloudevents, { signature: 'authorization', digest: /\S+$/, forge: () => [] })

const TOKEN = 'mF_9.B5f-4.1JqM-0123'
const secret = cloudevents.secret(TOKEN)
const PATH = '/webhooks/in'
const AS_BINARY = {
  authorization: `Bearer ${TOKEN}`,
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': 'A234-1234-1234',
  'ce-source': '/mycontext',
  'ce-type': 'com.example.someevent',
}
const STRUCTURED = { specversion: '1.0', id: 'A234-1234-1234', source: '/mycontext', type: 'com.example.someevent' }

function opened(more: Partial<Route> = {}, options: Partial<IngestOptions> = {}) {
  const events: WebhookEvent[] = []
  const route = { path: PATH, source: 'cloudevents', provider: cloudevents, secrets: [secret], ...more }
  const publish = async (event: WebhookEvent) => void events.push(event)
  const clock = new VirtualClock(AT_MS)
  const ingest = createIngest({ routes: [route], publish, ready: async () => {}, clock, ...options })
  const post = (headers: Record<string, string>, body: string, url = PATH) =>
    ingest.handle(incoming(headers, Buffer.from(body), AT_MS, url))
  const ask = (headers: Record<string, string>) =>
    ingest.admit('OPTIONS', PATH, { socket: { remoteAddress: '192.0.2.7' }, headers })
  return { events, ingest, post, ask }
}

describe('cloudevents over HTTP', () => {
  it('takes binary and structured mode, and knows them for the same event', async () => {
    const { events, post } = opened()
    const structured = { ...AS_BINARY, 'content-type': 'application/cloudevents+json; charset=utf-8' }
    expect(await post(AS_BINARY, '{"appinfo":1}')).toEqual({ status: 202, reason: 'accepted' })
    expect((await post(structured, JSON.stringify({ ...STRUCTURED, data: { appinfo: 1 } }))).status).toBe(202)
    expect(events.map(({ id, type }) => [id, type])).toEqual(
      Array(2).fill([expect.stringMatching(/^cloudevents:[0-9a-f]{16}:A234-1234-1234$/), 'com.example.someevent']),
    )
    expect(events[0]!.headers).toMatchObject({ 'ce-source': '/mycontext', 'content-type': 'application/json' })
    expect(JSON.stringify(events)).not.toContain(TOKEN)
  })

  it('keeps data of any type in binary mode', async () => {
    const { events, post } = opened()
    await post({ ...AS_BINARY, 'content-type': 'application/xml' }, '<much wow="xml"/>')
    expect(Buffer.from(events[0]!.body).toString()).toBe('<much wow="xml"/>')
  })

  it('tells events with one id apart by their source, and orders by partition key or subject', () => {
    const identify = (more: Record<string, string>) =>
      cloudevents.identify(incoming({ ...AS_BINARY, ...more }, Buffer.from('{}')))
    expect(identify({ 'ce-source': '/other' }).id).not.toBe(identify({}).id)
    expect(identify({}).key).toBe('A234-1234-1234')
    expect(identify({ 'ce-subject': 'orders/7' }).key).toBe('orders/7')
    expect(identify({ 'ce-subject': 'orders/7', 'ce-partitionkey': 'p' }).key).toBe('p')
    expect(identify({ 'ce-subject': 'Euro%20%E2%82%AC%20%F0%9F%98%80' }).key).toBe('Euro € 😀')
    expect(codeOf(() => identify({ 'ce-subject': '100%' }))).toBe('bad-request')
  })

  it.for(['id', 'source', 'type', 'specversion'])('refuses an event without %s', async (name) => {
    const { post } = opened()
    const { [`ce-${name}`]: _, ...rest } = AS_BINARY as Record<string, string>
    expect((await post(rest, '{}')).status).toBe(400)
    const structured = { ...AS_BINARY, 'content-type': 'application/cloudevents+json' }
    expect((await post(structured, JSON.stringify({ ...STRUCTURED, [name]: '' }))).status).toBe(400)
  })

  it.for(['application/cloudevents-batch+json', 'application/cloudevents+avro'])(
    'refuses %s with 415',
    async (type) => {
      const { post, ingest } = opened()
      const body = JSON.stringify([STRUCTURED, STRUCTURED])
      expect(await post({ ...AS_BINARY, 'content-type': type }, body)).toMatchObject({ status: 415 })
      expect(ingest.counts.refused).toEqual({ [PATH]: { format: 1 } })
    },
  )

  it('takes the token from the query too, and never two of them', async () => {
    const { post } = opened()
    const { authorization: _, ...without } = AS_BINARY
    expect((await post(without, '{}', `${PATH}?a=1&access_token=${TOKEN}`)).status).toBe(202)
    expect((await post(without, '{}', `${PATH}?access_token=other`)).status).toBe(401)
    expect((await post(without, '{}', `${PATH}?access_token=${TOKEN}&access_token=${TOKEN}`)).status).toBe(401)
    expect((await post(AS_BINARY, '{}', `${PATH}?access_token=${TOKEN}`)).status).toBe(401)
    expect((await post(without, '{}')).status).toBe(401)
  })

  it('refuses a secret that no bearer token can be', () => {
    expect(codeOf(() => cloudevents.secret('a secret with blanks'))).toBe('misuse')
  })
})

describe('a sender that asks by OPTIONS', () => {
  const asking = { 'webhook-request-origin': 'eventemitter.example.com', 'webhook-request-rate': '120' }
  const granted = (rate: string) => ({
    status: 200,
    headers: {
      allow: 'POST',
      'webhook-allowed-origin': 'eventemitter.example.com',
      'webhook-allowed-rate': rate,
    },
  })

  it('gets the least rate that is set or was measured, in requests a minute', () => {
    expect(opened({ rate: { all: { perS: 2 } } }).ask(asking)).toMatchObject(granted('120'))
    expect(opened({ rate: { all: { perS: 50 }, each: { perS: 5 } } }).ask(asking)).toMatchObject(granted('300'))
    expect(opened({}, { ceilingPerS: 1_500.5 }).ask(asking)).toMatchObject(granted('90030'))
    expect(opened({ rate: { all: { perS: 9_000 } } }, { ceilingPerS: 10 }).ask(asking)).toMatchObject(granted('600'))
    expect(opened({ rate: { all: { perS: 0.001, burst: 1 } } }).ask(asking)).toMatchObject(granted('1'))
    expect(opened().ask(asking)).toMatchObject(granted('*'))
  })

  it('gets no grant where it says not who it is, or may not send at all', () => {
    const { ask, ingest } = opened()
    for (const origin of ['', 'a\r\nb', 'a b', `${'a'.repeat(254)}`, 'https://a.example.com/']) {
      const reply = ask({ 'webhook-request-origin': origin })
      expect(reply).toMatchObject({ status: 400 })
      expect(JSON.stringify(reply)).not.toContain('allowed')
    }
    expect(ask({})).toMatchObject({ status: 400 })
    expect(ingest.counts.refused).toEqual({ [PATH]: { head: 6 } })
    expect(opened({ allowFrom: ['10.0.0.0/8'] }).ask(asking)).toMatchObject({ status: 403 })
  })
})

it('cloudevents sends orders of 0.6 kB', () => {
  const size = [550, 750] as const
  expectSizes(cloudevents, {
    'com.example.order.created': size,
    'com.example.order.paid': size,
    'com.example.order.shipped': size,
  })
})
