import generic from '../../providers/generic.ts'
import { HEADERS_MAX } from '../../src/core/receiving/gate.ts'
import { NOW_MS, raw, type SignOptions, signed } from './wire.ts'

export const BODY_BYTES_MAX = 2_000
/** Of the receiver that takes the rows marked 'wide'. */
export const WIDE_BYTES_MAX = 2 * 1024 * 1024

export interface BadInput {
  readonly name: string
  readonly bytes: () => Buffer
  /** 200 means: taken and stored byte for byte, because what looks odd is none of a receiver's business. */
  readonly status: number
  readonly wide?: boolean
}

const row = (name: string, status: number, bytes: () => Buffer): BadInput => ({ name, status, bytes })
const wide = (name: string, status: number, bytes: () => Buffer): BadInput => ({ name, status, bytes, wide: true })
const head = (name: string, status: number, lines: string): BadInput =>
  row(name, status, () => raw(lines.replaceAll('\n', '\r\n')))
const odd = (name: string, status: number, options: SignOptions): BadInput =>
  row(name, status, () => signed('odd', options))
const header = (name: string, value: string | undefined): SignOptions => ({ headers: { [name]: value } })
const signature = (value: string | undefined) => header('x-webhook-signature', value)
const timestamp = (value: string | undefined) => header('x-webhook-timestamp', value)
const json = (text: string): SignOptions => ({ body: Buffer.from(text) })
const POST = 'POST /in HTTP/1.1\nhost: x\n'
const right = () => /v1=[0-9a-f]{64}/.exec(signed('odd').toString('latin1'))![0]

const METHODS_AND_PATHS = [
  head('an unknown path', 404, 'POST /other HTTP/1.1\nhost: x\ncontent-length: 0\n\n'),
  head('a path that only begins like a route', 404, 'POST /in/../in HTTP/1.1\nhost: x\ncontent-length: 0\n\n'),
  head(
    'an unknown path with 100-continue',
    404,
    'POST /o HTTP/1.1\nhost: x\nexpect: 100-continue\ncontent-length: 9\n\n',
  ),
  head('GET on a route', 405, 'GET /in HTTP/1.1\nhost: x\n\n'),
  head('TRACE on a route', 405, 'TRACE /in HTTP/1.1\nhost: x\n\n'),
  head('an HTTP/2 preface', 400, 'PRI * HTTP/2.0\n\nSM\n\n'),
  head('an expectation that nobody knows', 417, `${POST}expect: bogus\ncontent-length: 0\n\n`),
]

const FRAMING = [
  head('Content-Length, then Transfer-Encoding', 400, `${POST}content-length: 4\ntransfer-encoding: chunked\n\n0\n\n`),
  head('Transfer-Encoding, then Content-Length', 400, `${POST}transfer-encoding: chunked\ncontent-length: 4\n\n0\n\n`),
  head('two equal Content-Lengths', 400, `${POST}content-length: 1\ncontent-length: 1\n\na`),
  head('two Content-Lengths', 400, `${POST}content-length: 1\ncontent-length: 2\n\nab`),
  head('Content-Length +4', 400, `${POST}content-length: +4\n\nabcd`),
  head('Content-Length -1', 400, `${POST}content-length: -1\n\n`),
  head('an unknown transfer coding', 400, `${POST}transfer-encoding: xchunked\n\n`),
  head('chunked, but not last', 400, `${POST}transfer-encoding: chunked, identity\n\n0\n\n`),
  row('bare line feeds', 400, () => raw('POST /in HTTP/1.1\nhost: x\n\n')),
  row('a bare line feed in a chunk', 400, () =>
    raw(`${POST.replaceAll('\n', '\r\n')}transfer-encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n`),
  ),
  head('a folded header', 400, `${POST}a: b\n c\n\n`),
  head('a space before the colon', 400, 'POST /in HTTP/1.1\nhost : x\n\n'),
  head('no Host', 400, 'POST /in HTTP/1.1\ncontent-length: 0\n\n'),
  head('two Hosts', 400, 'POST /in HTTP/1.1\nhost: x\nHost: y\ncontent-length: 0\n\n'),
  row('a chunk extension of 20 kB', 413, () =>
    raw(`${POST}transfer-encoding: chunked\n\n1;${'e'.repeat(20_000)}\na\n0\n\n`.replaceAll('\n', '\r\n')),
  ),
]

const SIZES = [
  head('17 kB of headers', 431, `${POST}a: ${'b'.repeat(17_000)}\n\n`),
  odd('as many headers as allowed', 200, {
    headers: Object.fromEntries(Array.from({ length: HEADERS_MAX - 5 }, (_, at) => [`a${at}`, 'b'])),
  }),
  head('more headers than allowed', 431, `${POST}${'a: b\n'.repeat(HEADERS_MAX)}\n`),
  head('15 kB of the smallest headers', 431, `${POST}${'a:\n'.repeat(3_700)}\n`),
  row('a body above the limit, by its length', 413, () => signed('odd', { body: Buffer.alloc(BODY_BYTES_MAX + 1) })),
  row('a body above the limit, in two chunks', 413, () =>
    signed('odd', { chunks: [Buffer.alloc(1_500), Buffer.alloc(1_500)] }),
  ),
  row('a body above the limit, in chunks of one byte', 413, () =>
    signed('odd', { chunks: bytesOf(Buffer.alloc(3_000)) }),
  ),
  wide('a body in ten thousand chunks of one byte', 413, () =>
    signed('odd', { chunks: bytesOf(Buffer.alloc(10_000)) }),
  ),
  row('a body at the limit, in chunks of one byte', 200, () => {
    const body = Buffer.alloc(BODY_BYTES_MAX, 'y')
    return signed('odd', { body, chunks: bytesOf(body) })
  }),
  head('100-continue above the limit', 413, `${POST}expect: 100-continue\ncontent-length: ${BODY_BYTES_MAX + 1}\n\n`),
]

const CONTENT = [
  ...['gzip', 'br', 'gzip, identity'].map((coding) =>
    odd(`content-encoding '${coding}'`, 415, header('content-encoding', coding)),
  ),
  odd('content-encoding identity', 200, header('content-encoding', 'identity')),
  ...[
    'application/json\ta',
    'application/json garbage',
    'application/json; charset=utf-16',
    'multipart/form-data',
    '',
    '/',
    '\u00ff;;=',
  ].map((type) => odd(`content-type ${JSON.stringify(type)}`, 200, header('content-type', type))),
  odd('invalid UTF-8', 200, { body: Buffer.from([0, 255, 0xc3, 0x28]) }),
  odd('a byte order mark', 200, json('\ufeff{}')),
  odd('an empty body', 200, json('')),
  odd('JSON with __proto__', 200, json('{"__proto__":{"key":"k","type":"t"},"constructor":{"prototype":{"key":"k"}}}')),
  odd('JSON keys given twice', 200, json('{"key":"a","key":"b","type":"t","type":"u"}')),
  odd('huge numbers', 200, json(`{"key":1e999,"type":${'9'.repeat(1_000)}}`)),
  wide('JSON 500,000 deep', 200, () => signed('odd', json('['.repeat(500_000) + ']'.repeat(500_000)))),
  wide('100,000 integer-like keys', 200, () =>
    signed('odd', json(`{${Array.from({ length: 100_000 }, (_, at) => `"${at * 4_099}":0`).join()}}`)),
  ),
]

const SIGNATURES = [
  head('a header named __proto__ and no signature', 401, `${POST}__proto__: x\ncontent-length: 0\n\n`),
  odd('no signature', 401, signature(undefined)),
  odd('an empty signature', 401, signature('')),
  odd('a signature cut short', 401, signature('v1=abcd')),
  odd('a signature without its last digit', 401, signature(right().slice(0, -1))),
  odd('a signature with a digit more', 401, signature(`${right()}0`)),
  odd('a signature of nothing', 401, signature('v1=')),
  odd('a signature that is no hex', 401, signature(`v1=${'z'.repeat(64)}`)),
  odd('a signature with another key', 401, { secret: generic.secret('another key than ours') }),
  odd('a signature with the key before', 200, { secret: generic.secret('the key before this one') }),
  odd('a thousand signatures', 401, signature(Array(1_000).fill('v1=00').join(','))),
  odd('the right signature among a thousand', 401, signature(`${'v1=00,'.repeat(999)}${right()}`)),
  row('a signature header given twice', 400, () =>
    raw(signed('odd').toString('latin1').replace('host: x', 'host: x\r\nx-webhook-signature: v1=00')),
  ),
  // Patterns that backtrack would take hours for these.
  ...[',', '=', 'v1', 'v1=,', ' \t', 'aA='].map((part) =>
    odd(`14 kB of ${JSON.stringify(part)} for a signature`, 401, signature(`v1=${part.repeat(14_000 / part.length)}!`)),
  ),
  odd('14 kB of digits for a timestamp', 401, timestamp(`${'1'.repeat(14_000)}x`)),
  row('another body than was signed', 401, () => raw(signed('odd').toString('latin1').replace('"k"}', '"j"}'))),
]

const NOW_S = NOW_MS / 1_000
const TIMES = [
  odd('no timestamp', 401, timestamp(undefined)),
  ...['NaN', '', '-5', '1e9', '0x65', String(NOW_MS)].map((text) => odd(`timestamp '${text}'`, 401, timestamp(text))),
  odd('a timestamp at the old edge', 200, { atMs: NOW_MS - 300_000 }),
  odd('a timestamp at the new edge', 200, { atMs: NOW_MS + 300_000 }),
  odd('a stale timestamp', 401, { atMs: NOW_MS - 301_000 }),
  odd('a timestamp too far ahead', 401, { atMs: NOW_MS + 301_000 }),
  odd('a fresh timestamp that was not signed', 401, { atMs: NOW_MS - 301_000, ...timestamp(String(NOW_S)) }),
]

const IDS = [
  odd('another id than was signed', 401, header('x-webhook-id', 'other')),
  odd('no id', 401, header('x-webhook-id', undefined)),
  row('an id of 10 kB', 400, () => signed('i'.repeat(10_000))),
  ...['__proto__', 'constructor', 'a:b', '123456'].map((id) => row(`the id ${id}`, 200, () => signed(id))),
  ...['a.b', 'a b', 'a\tb', 'é'].map((id) => row(`the id ${JSON.stringify(id)}`, 401, () => signed(id))),
]

function bytesOf(body: Buffer): Buffer[] {
  return Array.from(body, (_, at) => body.subarray(at, at + 1))
}

export const BAD_INPUT: readonly BadInput[] = [
  METHODS_AND_PATHS,
  FRAMING,
  SIZES,
  CONTENT,
  SIGNATURES,
  TIMES,
  IDS,
].flat()
