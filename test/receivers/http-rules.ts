import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunningReceiver } from '../../src/core/contracts/receiver.ts'
import type { Bench } from '../contract/receiver.ts'
import { BODY_BYTES_MAX } from './bad-input.ts'
import { exchange, raw, type SignOptions, signed, statuses } from './wire.ts'

/** Routes for bodies in a content coding: what the sender signs is what it compressed, or the outcome. */
export const CODED = [
  { path: '/after', source: 'in', compressed: 'after-signing' },
  { path: '/before', source: 'in', compressed: 'before-signing' },
] as const

const to = (target: string, bytes: Buffer) => raw(bytes.toString('latin1').replace('POST /in', `POST ${target}`))
const headerOf = (text: string, name: string) => new RegExp(`^${name}: (.*)\r$`, 'im').exec(text)?.[1]

/** A request whose body is compressed on its way, and what is signed is the body before. */
function compressedOnTheWay(id: string, body: Buffer, coded: Buffer, coding: string, target = '/after'): Buffer {
  const head = signed(id, { body, headers: { 'content-encoding': coding, 'content-length': String(coded.length) } })
  return to(target, Buffer.concat([head.subarray(0, head.length - body.length), coded]))
}

/** A request whose sender compresses the body and signs the outcome. */
const signedCompressed = (id: string, coded: Buffer, coding: string) =>
  to('/before', signed(id, { body: coded, headers: { 'content-encoding': coding } }))

/** What RFC 9110 and RFC 9112 ask of a server, and how a body in a content coding is taken. */
export function httpContract(bench: Bench): void {
  describe('and the rules of HTTP', () => httpRules(bench))
}

function httpRules(bench: Bench): void {
  let running: RunningReceiver
  beforeAll(async () => {
    running = await bench.start({ requestMs: 10_000 })
  })
  afterAll(() => running.stop())
  const answersOf = async (bytes: Buffer, answers = 1) => {
    bench.published.length = 0
    const { text } = await exchange(running.port, bytes, answers)
    return { text, status: statuses(text)[0], bodies: bench.published.map(({ body }) => Buffer.from(body).toString()) }
  }

  it.each([
    ['http://x/in', 200],
    ['HTTP://other.example.com:8080/in?a=/b', 200],
    ['https://[::1]:8443/in', 200],
    ['http://x/other', 404],
    ['http://x', 404],
    ['http://x?in', 404],
    ['http://user@x/in', 400],
    ['http:///in', 400],
    ['ftp://x/in', 400],
  ])('takes the target %s for the path in it: %d', async (target, status) => {
    expect((await answersOf(to(target, signed('absolute')))).status).toBe(status)
  })

  it('takes the host of an absolute target for the Host that was called', async () => {
    const { ingest } = bench
    const { handle } = ingest
    const seen: unknown[] = []
    ingest.handle = (request, verify) => {
      seen.push(request.url, request.header('host'))
      return handle(request, verify)
    }
    await exchange(running.port, to('http://Hooks.example.com:8080/in?a=1', signed('absolute')), 1)
    ingest.handle = handle
    expect(seen).toEqual(['/in?a=1', 'Hooks.example.com:8080'])
  })

  // h2o/h2o#3554, stephenberry/glaze#2704, helidon-io/helidon#9369: a proxy before us may take another host out of such a value.
  it.each([
    ['hooks.example.com', 200],
    ['Hooks_1.example.com:8443', 200],
    ['192.0.2.7:80', 200],
    ['[2001:db8::7]:8443', 200],
    ['x:', 200],
    ['', 200],
    ['a b', 400],
    ['a,\tb', 400],
    ['user@x', 400],
    ['x/in', 400],
    ['http://x', 400],
    ['x:8o80', 400],
    ['x?y', 400],
    ['[::1', 400],
    ['\u00fc.example.com', 400],
  ])("takes a Host of '%s' by what it may be: %d", async (host, status) => {
    expect((await answersOf(signed('host', { headers: { host } }))).status).toBe(status)
    const older = raw(signed('older', { headers: { host } }).toString('latin1').replace('HTTP/1.1', 'HTTP/1.0'))
    expect((await answersOf(older)).status).toBe(status)
  })

  it('says nothing of a body in an answer of 204, and goes on behind it', async () => {
    const { text } = await answersOf(Buffer.concat([to('/quiet', signed('q1')), to('/quiet', signed('q2'))]), 2)
    expect(statuses(text)).toEqual([204, 204])
    expect(text).not.toMatch(/^content-|^transfer-encoding/im)
    expect(text.endsWith('\r\n\r\n')).toBe(true)
  })

  it('answers HEAD as GET, without the body, and names the methods that it knows', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const [get, head, post] = await Promise.all(
        ['GET', 'HEAD', 'PUT'].map((method) => answersOf(raw(`${method} ${path} HTTP/1.1\r\nhost: x\r\n\r\n`))),
      )
      expect([get!.status, head!.status, post!.status]).toEqual([200, 200, 405])
      expect(headerOf(head!.text, 'content-length')).toBe(headerOf(get!.text, 'content-length'))
      expect(head!.text.endsWith('\r\n\r\n')).toBe(true)
      expect(headerOf(post!.text, 'allow')).toBe('GET, HEAD')
    }
    const onRoute = await answersOf(raw('HEAD /in HTTP/1.1\r\nhost: x\r\n\r\n'))
    expect([onRoute.status, headerOf(onRoute.text, 'allow')]).toEqual([405, 'POST'])
  })

  it.each([
    ['IDENTITY', 200],
    ['', 200],
    [' , identity', 200],
    ['gzip', 415],
    ['identity, gzip', 415],
    ['br', 415],
  ])("takes a content-encoding of '%s' by its meaning: %d", async (coding, status) => {
    const { text, ...answer } = await answersOf(signed('coding', { headers: { 'content-encoding': coding } }))
    expect(answer.status).toBe(status)
    expect(headerOf(text, 'accept-encoding')).toBe(status === 415 ? 'identity' : undefined)
  })

  it('takes gzip and deflate where the route says so, signed before the compression or after it', async () => {
    const text = '{"type":"t","key":"k"}'
    const body = Buffer.from(text)
    const requests = [
      compressedOnTheWay('z1', body, gzipSync(body), 'gzip'),
      compressedOnTheWay('z2', body, deflateSync(body), 'Deflate'),
      // expressjs/body-parser#450, sindresorhus/got#303, axios/axios#5497: without the header of zlib.
      compressedOnTheWay('z9', body, deflateRawSync(body), 'deflate'),
      compressedOnTheWay('z3', body, Buffer.concat([gzipSync('{"type":"t",'), gzipSync('"key":"k"}')]), 'x-gzip'),
      signedCompressed('z4', gzipSync(body), 'gzip'),
      signedCompressed('z5', deflateSync(body), 'deflate'),
    ]
    for (const bytes of requests) expect(await answersOf(bytes)).toMatchObject({ status: 200, bodies: [text] })
    // What was signed the other way is not genuine.
    const mixed: SignOptions = { body: gzipSync(body), headers: { 'content-encoding': 'gzip' } }
    expect((await answersOf(to('/after', signed('z6', mixed)))).status).toBe(401)
    expect((await answersOf(compressedOnTheWay('z7', body, gzipSync(body), 'gzip', '/before'))).status).toBe(401)
    const unknown = await answersOf(compressedOnTheWay('z8', body, body, 'gzip, gzip'))
    expect([unknown.status, headerOf(unknown.text, 'accept-encoding')]).toEqual([415, 'gzip, deflate'])
  })

  it('refuses a body that is cut, is no gzip, goes on behind its end, or is too long once decoded', async () => {
    const body = Buffer.from('{"type":"t","key":"k"}')
    const whole = gzipSync(body)
    const wrong = [whole.subarray(0, -3), body, Buffer.concat([whole, Buffer.from('more')]), Buffer.alloc(0)]
    for (const coded of wrong) {
      expect(await answersOf(compressedOnTheWay('bad', body, coded, 'gzip'))).toMatchObject({ status: 400, bodies: [] })
    }
    const raw = deflateRawSync(body)
    for (const coded of [raw.subarray(0, -1), Buffer.concat([raw, Buffer.from('more')]), Buffer.alloc(0)]) {
      expect((await answersOf(compressedOnTheWay('bad', body, coded, 'deflate'))).status).toBe(400)
    }
    const atLimit = Buffer.alloc(BODY_BYTES_MAX, ' ')
    const long = Buffer.alloc(BODY_BYTES_MAX + 1, ' ')
    expect((await answersOf(compressedOnTheWay('most', atLimit, gzipSync(atLimit), 'gzip'))).status).toBe(200)
    expect((await answersOf(compressedOnTheWay('long', long, gzipSync(long), 'gzip'))).status).toBe(413)
    const bomb = Buffer.alloc(1_000_000)
    expect((await answersOf(compressedOnTheWay('bomb', bomb, gzipSync(bomb), 'gzip'))).status).toBe(413)
  })

  it.each([
    ['gzip, chunked', 501],
    ['identity, chunked', 501],
    ['Chunked', 200],
  ])('answers a transfer-encoding of %s with %d', async (coding, status) => {
    const bytes = signed('te', { chunks: [raw('{"type":"t","key":"k"}')] })
    const { text, ...answer } = await answersOf(raw(bytes.toString('latin1').replace(': chunked', `: ${coding}`)))
    expect(answer.status).toBe(status)
    if (status !== 200) expect(headerOf(text, 'connection')).toBe('close')
  })

  it.each([
    ['no version', 'POST /in'],
    // nodejs/llhttp#877.
    ['no version, and a bare line feed', 'POST /in\nx: y'],
    ['HTTP/0.9', 'POST /in HTTP/0.9'],
    ['HTTP/2.0', 'POST /in HTTP/2.0'],
    ['two spaces before the target', 'POST  /in HTTP/1.1'],
    ['two spaces behind the target', 'POST /in  HTTP/1.1'],
  ])('refuses a request line with %s', async (_, line) => {
    const bytes = raw(signed('line').toString('latin1').replace('POST /in HTTP/1.1', line))
    // The events of others may still come from threads that verify them.
    const isTaken = () => bench.published.some(({ id }) => id === 'in:line')
    expect([(await answersOf(bytes)).status, isTaken()]).toEqual([400, false])
    // Behind another request on the connection, whatever ends that one's body, and an empty line.
    const body = raw('{"type":"t","key":"k"}')
    const empty = signed('one', { body: raw('') })
    for (const one of [signed('one'), empty, signed('one', { body, chunks: [body] }), raw('\r\n')]) {
      await answersOf(Buffer.concat([one, bytes]))
      expect(isTaken()).toBe(false)
    }
  })
}
