import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import generic from '../../providers/generic.ts'
import { sleep, systemClock } from '../../src/core/clock.ts'
import { FloodmarkError } from '../../src/core/errors.ts'
import type { WebhookEvent } from '../../src/core/event.ts'
import { createIngest } from '../../src/core/ingest.ts'
import type { Receiver, RunningReceiver } from '../../src/core/receiver.ts'

const SECRET = generic.secret('a secret')
const BODY_MAX = 2_000

/** A signed request as bytes; `head` adds or replaces lines. */
function signed(
  id: string,
  body: Buffer = Buffer.from('{"type":"t","key":"k"}'),
  over: Record<string, string | undefined> = {},
): Buffer {
  const signature = generic.sign(body, SECRET, { id, type: 't', atMs: Date.now() })
  const headers: Record<string, string | undefined> = {
    host: 'x',
    'content-length': String(body.length),
    ...signature,
    ...over,
  }
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : `${name}: ${value}\r\n`))
  return Buffer.concat([Buffer.from(`POST /in HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), body])
}

/** All that the server answers until it closes, or 'quiet' ms pass without a byte. */
function exchange(port: number, bytes: Buffer | readonly Buffer[], quietMs = 250): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setTimeout(quietMs, () => socket.destroy())
    socket.on('data', (data) => {
      text += data.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
    for (const part of Array.isArray(bytes) ? bytes : [bytes]) socket.write(part)
  })
}

const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((found) => Number(found[1]))
const chunked = (parts: readonly string[]) =>
  parts.map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`).join('')
const raw = (text: string) => Buffer.from(text, 'latin1')
const auth = (name: string, value: string | undefined) => () => signed('bad', undefined, { [name]: value })

/** What comes in, and the status it gets. After each row a good request must be accepted. */
const BAD_INPUT: readonly (readonly [name: string, bytes: () => Buffer, status: number])[] = [
  ['an unknown path', () => raw('POST /other HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n'), 404],
  ['GET on a route', () => raw('GET /in HTTP/1.1\r\nhost: x\r\n\r\n'), 405],
  ['no Host', () => raw('POST /in HTTP/1.1\r\ncontent-length: 0\r\n\r\n'), 400],
  ['two Hosts', () => raw('POST /in HTTP/1.1\r\nhost: x\r\nhost: y\r\ncontent-length: 0\r\n\r\n'), 400],
  [
    'Content-Length and Transfer-Encoding',
    () => raw('POST /in HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
    400,
  ],
  [
    'two Content-Lengths',
    () => raw('POST /in HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\na'),
    400,
  ],
  ['Content-Length +4', () => raw('POST /in HTTP/1.1\r\nhost: x\r\ncontent-length: +4\r\n\r\nabcd'), 400],
  ['an unknown transfer coding', () => raw('POST /in HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n'), 400],
  ['bare line feeds', () => raw('POST /in HTTP/1.1\nhost: x\n\n'), 400],
  ['a folded header', () => raw('POST /in HTTP/1.1\r\nhost: x\r\na: b\r\n c\r\n\r\n'), 400],
  ['a space before the colon', () => raw('POST /in HTTP/1.1\r\nhost : x\r\n\r\n'), 400],
  ['an HTTP/2 preface', () => raw('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 400],
  ['17 kB of headers', () => raw(`POST /in HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(17_000)}\r\n\r\n`), 431],
  [
    'a header named __proto__ and no signature',
    () => raw('POST /in HTTP/1.1\r\nhost: x\r\n__proto__: x\r\ncontent-length: 0\r\n\r\n'),
    401,
  ],
  ['a body above the limit, by its length', () => signed('bad', Buffer.alloc(BODY_MAX + 1)), 413],
  [
    'a body above the limit, in chunks',
    () =>
      raw(
        `POST /in HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${chunked(['a'.repeat(1_500), 'b'.repeat(1_500)])}`,
      ),
    413,
  ],
  [
    '100-continue for a body above the limit',
    () => raw(`POST /in HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: ${BODY_MAX + 1}\r\n\r\n`),
    413,
  ],
  ['a compressed body', () => signed('bad', undefined, { 'content-encoding': 'gzip' }), 415],
  ['no signature', auth('x-webhook-signature', undefined), 401],
  ['an empty signature', auth('x-webhook-signature', ''), 401],
  ['a signature cut short', auth('x-webhook-signature', 'v1=abcd'), 401],
  ['a signature of nothing', auth('x-webhook-signature', 'v1='), 401],
  ['a signature that is no hex', auth('x-webhook-signature', `v1=${'z'.repeat(64)}`), 401],
  ['a thousand signatures', auth('x-webhook-signature', Array(1_000).fill('v1=00').join(',')), 401],
  ['a stale timestamp', auth('x-webhook-timestamp', '1000000000'), 401],
  ['a timestamp that is no number', auth('x-webhook-timestamp', 'NaN'), 401],
  ['a timestamp in ms', auth('x-webhook-timestamp', String(Date.now())), 401],
  ['a negative timestamp', auth('x-webhook-timestamp', '-5'), 401],
  ['another id than was signed', auth('x-webhook-id', 'other'), 401],
  ['an id of 10 kB', () => signed('i'.repeat(10_000)), 400],
  [
    'a signature header given twice',
    () => raw(signed('bad').toString('latin1').replace('host: x', 'host: x\r\nx-webhook-signature: v1=00')),
    400,
  ],
]

/** What every receiver must do. */
export function receiverContract(name: string, receiver: Receiver): void {
  describe(`${name} keeps the receiver contract`, () => {
    const published: WebhookEvent[] = []
    let publish: (event: WebhookEvent) => Promise<void>
    let ready = true
    let running: RunningReceiver
    const routes = [{ path: '/in', source: 'in', provider: generic, secrets: [SECRET] }]
    const start = (over: { inFlightMax?: number; port?: number } = {}) => {
      const ingest = createIngest({
        routes,
        publish: (event) => publish(event),
        ready: async () => {
          if (!ready) throw new Error('not ready')
        },
        clock: systemClock,
      })
      const limits = {
        bodyBytesMax: BODY_MAX,
        inFlightMax: 50,
        connectionsMax: 100,
        requestMs: 400,
        keepAliveMs: 5_000,
      }
      return receiver({ host: '127.0.0.1', port: 0, ...limits, clock: systemClock, ingest, ...over })
    }
    const store = async (event: WebhookEvent) => void published.push(event)

    beforeAll(async () => {
      publish = store
      running = await start()
    })
    afterAll(() => running.stop())

    let good = 0
    const acceptsGood = async () => {
      published.length = 0
      const id = `good-${good++}`
      expect(statuses(await exchange(running.port, signed(id, undefined, { connection: 'close' })))).toEqual([200])
      expect(published.map((event) => event.id)).toEqual([`in:${id}`])
    }

    it.each(BAD_INPUT)('answers %s as it should, and then takes a good request', async (_, bytes, status) => {
      published.length = 0
      expect(statuses(await exchange(running.port, bytes()))).toEqual([status])
      expect(published).toEqual([])
      await acceptsGood()
    })

    it('says 408 to slow headers and to a slow body, and stores nothing of them', async () => {
      published.length = 0
      const slow = [raw('POST /in HTTP/1.1\r\nhost: x\r\n'), signed('slow').subarray(0, -3)]
      for (const bytes of slow) expect(statuses(await exchange(running.port, bytes, 3_000))).toEqual([408])
      expect(published).toEqual([])
      await acceptsGood()
    })

    it('stores nothing of a request whose sender went away in the middle', async () => {
      published.length = 0
      await exchange(running.port, signed('gone').subarray(0, -3), 30)
      await sleep(systemClock, 50)
      expect(published).toEqual([])
      await acceptsGood()
    })

    it('hands on every byte, in one piece or in many', async () => {
      for (const body of [
        Buffer.from([0, 255, 0xc3, 0x28]),
        Buffer.alloc(0),
        Buffer.from('x'),
        Buffer.from('\ufeff{}'),
        Buffer.alloc(BODY_MAX, 1),
      ]) {
        published.length = 0
        const id = `body-${body.length}`
        const parts = Array.from({ length: Math.min(body.length, 50) }, (_, at) =>
          body.subarray(at, at === 49 ? undefined : at + 1),
        )
        const pieces = parts.map((part) => Buffer.concat([raw(`${part.length.toString(16)}\r\n`), part, raw('\r\n')]))
        const head = signed(id, body, { 'content-length': undefined, 'transfer-encoding': 'chunked' })
        const inChunks = Buffer.concat([head.subarray(0, head.length - body.length), ...pieces, raw('0\r\n\r\n')])
        for (const bytes of [signed(id, body), inChunks])
          expect(statuses(await exchange(running.port, bytes, 100))).toEqual([200])
        for (const event of published) expect(Buffer.compare(event.body, body)).toBe(0)
        expect(published.length).toBe(2)
      }
    })

    it('keeps a connection alive, and answers pipelined requests in order', async () => {
      const three = Buffer.concat([signed('p1'), signed('p2', undefined, { 'x-webhook-timestamp': '1' }), signed('p3')])
      expect(statuses(await exchange(running.port, three))).toEqual([200, 401, 200])
    })

    it('says 503 with Retry-After when the queue is full or fails, never 2xx', async () => {
      for (const error of [
        new FloodmarkError('overloaded', 'full'),
        new FloodmarkError('timeout', 'late'),
        new Error('secret detail'),
      ]) {
        publish = () => Promise.reject(error)
        const text = await exchange(running.port, signed('full'))
        publish = store
        expect(statuses(text)).toEqual([503])
        expect(text.toLowerCase()).toContain('retry-after: ')
        expect(text).not.toContain('secret detail')
      }
      await acceptsGood()
    })

    it('says whether it is alive, and whether it is ready', async () => {
      const get = (path: string) =>
        exchange(running.port, raw(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`))
      expect(statuses(await get('/healthz'))).toEqual([200])
      expect(statuses(await get('/readyz'))).toEqual([200])
      ready = false
      expect(statuses(await get('/readyz'))).toEqual([503])
      expect(statuses(await get('/healthz'))).toEqual([200])
      ready = true
    })

    it('refuses what is beyond inFlightMax at once, and answers what is in progress when it stops', async () => {
      let release = () => {}
      publish = () => new Promise((resolve) => (release = resolve))
      const small = await start({ inFlightMax: 1 })
      const first = exchange(small.port, signed('first'), 3_000)
      await sleep(systemClock, 100)
      const refused = await exchange(small.port, signed('second'))
      expect(statuses(refused)).toEqual([503])
      expect(refused.toLowerCase()).toContain('retry-after: ')
      const stopped = small.stop()
      await sleep(systemClock, 50)
      release()
      expect(statuses(await first)).toEqual([200])
      await Promise.all([stopped, small.stop()])
      publish = store
    })

    it('says which port is taken', async () => {
      await expect(start({ port: running.port })).rejects.toMatchObject({ code: 'unavailable' })
    })
  })
}
