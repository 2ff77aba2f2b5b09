import { connect } from 'node:net'
import generic from '../../providers/generic.ts'
import { parseBody } from '../../src/core/base/json-body.ts'
import type { Provider } from '../../src/core/contracts/provider.ts'

/** Takes any bytes: what a receiver hands on is looked at, not what JSON there is in it. */
export const anyBytes: Provider = {
  ...generic,
  identify: (request) =>
    generic.identify(parseBody(request.raw) === undefined ? { ...request, raw: raw('{}') } : request),
}

/** Nothing that a receiver says or logs may hold it. */
export const SECRET_TEXT = 'never-to-be-printed-f3a97c'
export const SECRET = generic.secret(SECRET_TEXT)
/** A limit on a request's time that a test waits for. A stall of the machine reaches it too. */
export const QUICK = { requestMs: 400 }
/** The receivers' clock stands here, so that the edges of time windows can be met exactly. */
export const NOW_MS = 1_700_000_000_000

export const raw = (text: string) => Buffer.from(text, 'latin1')
export const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((found) => Number(found[1]))

export interface SignOptions {
  readonly body?: Buffer
  /** Adds or replaces headers after signing; undefined leaves one out. */
  readonly headers?: Record<string, string | undefined>
  readonly secret?: typeof SECRET
  readonly atMs?: number
  /** The body as these chunks instead of with a Content-Length. */
  readonly chunks?: readonly Buffer[]
}

/** A whole signed request as bytes. */
export function signed(id: string, options: SignOptions = {}): Buffer {
  const { body = raw('{"type":"t","key":"k"}'), secret = SECRET, atMs = NOW_MS, chunks } = options
  const length = chunks ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(body.length) }
  const signature = generic.sign(body, secret, { id, type: 't', atMs })
  const headers: Record<string, string | undefined> = { host: 'x', ...length, ...signature, ...options.headers }
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : `${name}: ${value}\r\n`))
  const head = raw(`POST /in HTTP/1.1\r\n${lines.join('')}\r\n`)
  return Buffer.concat([head, chunks ? chunked(chunks) : body])
}

/** Chunked transfer coding, with its end. */
export function chunked(chunks: readonly Buffer[]): Buffer {
  const parts = chunks.flatMap((chunk) => [raw(`${chunk.length.toString(16)}\r\n`), chunk, raw('\r\n')])
  return Buffer.concat([...parts, raw('0\r\n\r\n')])
}

export interface Exchanged {
  readonly text: string
  /** The server ended the connection, not we. */
  readonly closed: boolean
}

/** Whatever comes after the answers that were waited for shows within this, ms. */
const AFTER_MS = 15
const QUIET_MS = 15_000

/** Sends and collects until the server closes, until `answers` responses are in (and a little longer), or nothing comes for long. `ends`: our side ends at once. */
export function exchange(
  port: number,
  bytes: Buffer,
  answers = Number.POSITIVE_INFINITY,
  ends = false,
): Promise<Exchanged> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    let closed = true
    const leave = () => {
      closed = false
      socket.destroy()
    }
    socket.setTimeout(QUIET_MS, leave)
    socket.on('data', (data) => {
      text += data.toString('latin1')
      if (statuses(text).length >= answers) socket.setTimeout(AFTER_MS)
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve({ text, closed }))
    if (ends) socket.end(bytes)
    else socket.write(bytes)
  })
}
