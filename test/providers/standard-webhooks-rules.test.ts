import { describe, expect, it } from 'vitest'
import { testReceiver } from '../../testing.ts'

/** What Standard Webhooks asks of a receiver, rule by rule, of the whole service. */
const BODY = { type: 'contact.created', timestamp: '2026-01-01T00:00:00Z', data: { id: 'c1' } }
const FAMILY = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const

async function opened() {
  const seen: string[] = []
  const receiver = await testReceiver({ providers: ['standard-webhooks'], handlers: ({ id }) => void seen.push(id) })
  const request = await receiver.sign('standard-webhooks', { id: 'msg_1', body: BODY })
  const send = async (headers: Readonly<Record<string, string | undefined>> = {}, body = request.body) => {
    const all = Object.entries({ ...request.headers, ...headers }).filter(([, value]) => value !== undefined)
    const reply = await receiver.deliver('standard-webhooks', { headers: Object.fromEntries(all) as never, body })
    return reply.status
  }
  return { receiver, seen, send, request }
}

describe('the rules of Standard Webhooks for receivers', () => {
  it('each of the three headers is needed, and none may be empty', async () => {
    const { send, receiver } = await opened()
    for (const name of FAMILY)
      expect([name, await send({ [name]: undefined }), await send({ [name]: '' })]).toEqual([name, 401, 401])
    await receiver.stop()
  })

  it('the raw body is what is signed: not one that was parsed and written again', async () => {
    const { send, request, receiver } = await opened()
    const again = Buffer.from(JSON.stringify(JSON.parse(request.body.toString()), null, 1))
    expect(await send({}, again)).toBe(401)
    await receiver.stop()
  })

  it('id and time are signed too', async () => {
    const { send, request, receiver } = await opened()
    const later = String(Number(request.headers['webhook-timestamp']) + 1)
    expect([await send({ 'webhook-id': 'msg_2' }), await send({ 'webhook-timestamp': later })]).toEqual([401, 401])
    await receiver.stop()
  })

  it('a time that is too far away is refused, in both directions', async () => {
    const { receiver } = await opened()
    for (const offMs of [-310_000, 310_000]) {
      const atMs = Date.now() + offMs
      expect((await receiver.send('standard-webhooks', { body: BODY, atMs })).status).toBe(401)
    }
    await receiver.stop()
  })

  it('of several signatures one has to fit, whatever the versions of the others', async () => {
    const { send, request, receiver } = await opened()
    const right = request.headers['webhook-signature']!
    const wrong = `v1,${Buffer.alloc(32).toString('base64')}`
    expect(
      await send({ 'webhook-signature': `${wrong} v9,abc v1a,${Buffer.alloc(64).toString('base64')} ${right}` }),
    ).toBe(200)
    expect(await send({ 'webhook-signature': wrong })).toBe(401)
    expect(await send({ 'webhook-signature': right.replace('v1,', 'v2,') })).toBe(401)
    await receiver.stop()
  })

  it('the id is what an event is known by: however often it comes, it is handled once', async () => {
    const { send, receiver, seen } = await opened()
    expect(await Promise.all([send(), send(), send()])).toEqual([200, 200, 200])
    // Signed anew, as a later attempt is.
    expect((await receiver.send('standard-webhooks', { id: 'msg_1', body: BODY })).status).toBe(200)
    await receiver.settled()
    expect(seen).toEqual(['standard-webhooks:msg_1'])
    await receiver.stop()
  })

  it('an answer from 200 to 299 comes once the event is safe, before it is handled', async () => {
    let release = () => {}
    const handling = new Promise<void>((resolve) => {
      release = resolve
    })
    const receiver = await testReceiver({ providers: ['standard-webhooks'], handlers: () => handling })
    expect((await receiver.send('standard-webhooks', { body: BODY })).status).toBe(200)
    release()
    expect(await receiver.settled()).toMatchObject({ applied: 1 })
    await receiver.stop()
  })
})
