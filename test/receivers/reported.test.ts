import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { receivers } from '../../receivers/index.ts'
import type { RunningReceiver } from '../../src/core/contracts/receiver.ts'
import { Bench } from '../contract/receiver.ts'
import { exchange, raw, type SignOptions, signed, statuses } from './wire.ts'

const JSON_BODY = raw('{"type":"t","key":"k"}')
const typed = (type: string | undefined, body = JSON_BODY): SignOptions => ({ body, headers: { 'content-type': type } })
const MULTIPART = Buffer.concat([
  raw('--b\r\ncontent-disposition: form-data; name="f"; filename="f.pdf"\r\n\r\n'),
  Buffer.from([0x25, 0xff, 0xfe, 0x00, 0xc3, 0x28, 0x0d, 0x0a]),
  raw('\r\n--b--\r\n'),
])

/** Requests that made other receivers stumble, as their users reported it in public: each is taken, byte for byte. */
const TAKEN: Readonly<Record<string, SignOptions>> = {
  'fastify/fastify#5148: JSON by its type, and no body': typed('application/json', Buffer.alloc(0)),
  'nestjs/nest#15743: a type with a semicolon and nothing behind': typed('application/json;'),
  'soxtoby/SlackNet#229, bestarch-ae/cacherpc#118: a charset': typed('application/json; charset=utf8'),
  'rudderlabs/rudder-server#1463: a form with a charset': typed(
    'application/x-www-form-urlencoded; charset=utf-8',
    raw('a=1&b=%C3%A4'),
  ),
  'svix/svix-webhooks#1312, fastify/fastify#450: no type at all': typed(undefined),
  'fastify/fastify#450: a type that nobody knows': typed('application/vnd.someone+json;v=2'),
  'activepieces/activepieces#14812: files, whose bytes are no UTF-8': typed(
    'multipart/form-data; boundary=b',
    MULTIPART,
  ),
  'PagerDuty/developer-docs#101: letters beyond ASCII': typed('application/json', Buffer.from('{"a":"ä€😀"}')),
  'getsentry/sentry#38443, team-telnyx/telnyx-node#81: spaces, escapes and line ends as sent': typed(
    'application/json',
    raw('{ "b" : "\\u00e4\\/",\r\n\t"a" : 1.0 }\n'),
  ),
  'langchain4j/langchain4j#4582, golang/go#38064: an offer of HTTP/2 with it': {
    body: JSON_BODY,
    headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAEAAEAAAAIAAAABAAMAAABk' },
  },
  'openclaw/clawsweeper#1295: chunks, and no length': { chunks: [raw('{"type":"t"'), raw(',"key":"k"}')] },
}

describe.each(Object.keys(receivers))('%s', (name) => {
  let bench: Bench
  let running: RunningReceiver
  beforeAll(async () => {
    bench = new Bench((await receivers[name]!()).default)
    running = await bench.start({ requestMs: 30_000 })
  })
  afterAll(() => running.stop())

  it.each(Object.entries(TAKEN))('takes what was reported as %s', async (what, options) => {
    bench.published.length = 0
    const { text } = await exchange(running.port, signed(String(Object.keys(TAKEN).indexOf(what)), options), 1)
    expect(statuses(text)).toEqual([200])
    const sent = options.chunks ? Buffer.concat(options.chunks) : options.body!
    expect(bench.published.map(({ body }) => Buffer.from(body))).toEqual([sent])
  })

  // SAMMISolutions/SAMMI-Official#23: a client that keeps its body back until it is told to go on.
  it('tells a sender that asks first to go on, and takes its body', async () => {
    const bytes = signed('asks-first', { headers: { expect: '100-continue' } })
    const body = bytes.indexOf('\r\n\r\n') + 4
    const socket = connect(running.port, '127.0.0.1')
    let text = ''
    const told = new Promise<void>((resolve) => {
      socket.on('data', (data) => {
        text += data
        if (/^HTTP\/1\.1 100/.test(text) && !socket.writableEnded) socket.end(bytes.subarray(body))
      })
      socket.on('close', () => resolve())
    })
    socket.write(bytes.subarray(0, body))
    await told
    expect(statuses(text)).toEqual([100, 200])
  })

  // processwire-issues#2149, elastic/beats#33425, devlikeapro/waha#112: who follows a redirect of a POST loses the body.
  it.each(['/in/', '//in', '/IN'])('answers 404 to %s, and sends nobody elsewhere', async (path) => {
    const bytes = raw(signed('elsewhere').toString('latin1').replace('POST /in', `POST ${path}`))
    const { text } = await exchange(running.port, bytes, 1)
    expect(statuses(text)).toEqual([404])
    expect(text.toLowerCase()).not.toContain('location:')
  })

  // nginx/nginx#681: a name with underscores beside the one with dashes.
  it('takes no name with underscores for one with dashes', async () => {
    const both = signed('both', { headers: { x_webhook_signature: 'v1=00', x_webhook_id: 'other' } })
    const only = raw(signed('only').toString('latin1').replace('x-webhook-signature', 'x_webhook_signature'))
    expect(statuses((await exchange(running.port, both, 1)).text)).toEqual([200])
    expect(statuses((await exchange(running.port, only, 1)).text)).toEqual([401])
  })

  // camunda/connectors#516: a sender that first asks by GET whether the address is ours.
  it('says which methods a route takes to a GET on it', async () => {
    const { text } = await exchange(running.port, raw('GET /in?challenge=1 HTTP/1.1\r\nhost: x\r\n\r\n'), 1)
    expect(statuses(text)).toEqual([405])
    expect(text).toMatch(/^allow: .*POST/im)
  })
})

// modelence/modelence#346, nodejs/node#27363 and many more: a balancer sends on a connection that is just being closed.
it('an idle connection is kept for as long as its answer says, and longer', async () => {
  const kept = Object.values(receivers).map(async (load) => {
    const bench = new Bench((await load()).default)
    const running = await bench.start({ keepAliveMs: 1_000, requestMs: 30_000 })
    const beganMs = performance.now()
    const { text, closed } = await exchange(running.port, signed('idle'))
    const keptMs = performance.now() - beganMs
    await running.stop()
    return { saidS: Number(/^keep-alive: timeout=(\d+)/im.exec(text)?.[1]), closed, keptMs }
  })
  for (const { saidS, closed, keptMs } of await Promise.all(kept)) {
    expect([saidS, closed]).toEqual([1, true])
    expect(keptMs).toBeGreaterThan(saidS * 1_000)
  }
})
