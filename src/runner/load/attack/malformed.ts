import { headerReader } from '../../../core/base/headers.ts'
import { seeded } from '../../../core/contracts/random.ts'
import { HEADERS_MAX } from '../../../core/receiving/gate.ts'
import type { SendingRoute } from '../../scenario/sending-route.ts'
import type { Play } from './raw-exchange.ts'

/** Bytes that are not HTTP, not a provider's request, or not an event. Each must be refused, and none may take a receiver down. */
export function malformedPlays(routes: readonly SendingRoute[], forgedRunId: string): Play[] {
  const texts = routes.flatMap(({ path }) => notHttp(path))
  const noise = Buffer.from(Array.from({ length: 600 }, (_, at) => (at * 167 + 13) % 256))
  const events = routes.flatMap((route) => [...notEvents(route, forgedRunId), ...misframed(route, forgedRunId)])
  return [...texts.map((text) => Buffer.from(text, 'latin1')), noise, ...events].map((bytes) => ({ bytes }))
}

function notHttp(path: string): string[] {
  const post = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n`
  return [
    // One body, two opinions on where it ends: whoever stands before us might hold the other.
    `${post}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${post}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n`,
    `${post}content-length: 1\r\ncontent-length: 2\r\n\r\nab`,
    `${post}content-length: +4\r\n\r\nabcd`,
    `${post}content-length: -1\r\n\r\n`,
    `${post}transfer-encoding: xchunked\r\n\r\n`,
    `${post}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    `${post}transfer-encoding: chunked\r\n\r\nzz\r\n`,
    `${post}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n`,
    `${post}transfer-encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n`,
    `${post}transfer-encoding: chunked\r\n\r\n1;${'e'.repeat(20_000)}\r\na\r\n0\r\n\r\n`,
    `POST ${path} HTTP/1.1\nhost: 127.0.0.1\n\n`,
    `POST ${path} HTTP/1.1\r\ncontent-length: 0\r\n\r\n`,
    `POST ${path} HTTP/1.1\r\nhost : 127.0.0.1\r\n\r\n`,
    `${post}Host: elsewhere\r\ncontent-length: 0\r\n\r\n`,
    `${post}a: b\r\n c\r\n\r\n`,
    `${post}a: ${'b'.repeat(17_000)}\r\n\r\n`,
    `${post}${'a: b\r\n'.repeat(2 * HEADERS_MAX)}\r\n`,
    `${post}expect: anything\r\ncontent-length: 0\r\n\r\n`,
    `${post}__proto__: x\r\ncontent-length: 0\r\n\r\n`,
    `${post}content-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc`,
    `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`,
    `TRACE ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`,
    `POST ${path}/../admin HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 0\r\n\r\n`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ]
}

/** Signed rightly, and yet nobody can tell which event it is. Left out where the id stands in a header: that is an event. */
function notEvents({ path, provider, secret }: SendingRoute, forgedRunId: string): Buffer[] {
  const bodies = ['this is not JSON', '{"__proto__":{"id":"evt_1","type":"t","key":"k"}}', '']
  return bodies.flatMap((text) => {
    const body = Buffer.from(text)
    const options = { id: `${forgedRunId}-0`, type: 'none', atMs: Date.now(), url: urlOf(path) }
    const signed = provider.sign(body, secret, options)
    const lines = Object.entries(signed)
    const request = { url: path, header: headerReader(lines.flat()), raw: body, receivedAtMs: Date.now() }
    if (namesAnEvent(() => (provider.identifyAll ?? provider.identify)(request))) return []
    const head = [`POST ${path} HTTP/1.1`, 'host: 127.0.0.1', `content-length: ${body.length}`]
    const all = [...head, ...lines.map(([name, value]) => `${name}: ${value}`), '', '']
    return [Buffer.concat([Buffer.from(all.join('\r\n'), 'latin1'), body])]
  })
}

/** An event, rightly signed, in requests that a parser may take and a proxy before it may understand otherwise. */
function misframed({ path, provider, secret }: SendingRoute, forgedRunId: string): Buffer[] {
  const id = `${forgedRunId}-1`
  const { type, body } = provider.sample(seeded(1), { id, key: 'k' })
  const options = { id, type, atMs: Date.now(), url: urlOf(path) }
  const raw = Buffer.from(provider.seal?.(body, secret, options) ?? body)
  const headers = Object.entries(provider.sign(raw, secret, options)).map(([name, value]) => `${name}: ${value}`)
  const request = (line: string, framing: string, sent: Buffer) =>
    Buffer.concat([Buffer.from([line, 'host: 127.0.0.1', framing, ...headers, '', ''].join('\r\n'), 'latin1'), sent])
  const lines = [`POST  ${path} HTTP/1.1`, `POST ${path}  HTTP/1.1`, `POST ${path}`, `POST ${path} HTTP/2.0`]
  const chunked = Buffer.concat([Buffer.from(`${raw.length.toString(16)}\r\n`), raw, Buffer.from('\r\n0\r\n\r\n')])
  return [
    ...lines.map((line) => request(line, `content-length: ${raw.length}`, raw)),
    ...['gzip, chunked', 'identity, chunked'].map((coding) =>
      request(`POST ${path} HTTP/1.1`, `transfer-encoding: ${coding}`, chunked),
    ),
  ]
}

/** Some providers sign it. */
const urlOf = (path: string) => `http://127.0.0.1${path}`

function namesAnEvent(identify: () => unknown): boolean {
  try {
    identify()
    return true
  } catch {
    return false
  }
}
