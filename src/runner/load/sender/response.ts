import { FloodmarkError } from '../../../core/contracts/errors.ts'

/** A response with more bytes than this is not one that a receiver of webhooks gives. */
const RESPONSE_BYTES_MAX = 64 * 1024

export interface ParsedResponse {
  readonly status: number
  /** The server will close the connection after it. */
  readonly close: boolean
  /** Bytes it takes, head and body. */
  readonly bytes: number
  /** Seconds, from Retry-After; undefined where the header is missing or holds a date. */
  readonly retryAfterS: number | undefined
  /** Headers x-…, by lower-case name: what a receiver tells one kind of sender. undefined without such a header. */
  readonly extra: ReadonlyMap<string, string> | undefined
}

const HEAD_END = Buffer.from('\r\n\r\n')
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?\r\n/

/**
 * The response at the start of `bytes`; undefined while it is not complete. Informational ones (1xx) are passed over. One without a
 * stated length ends with its connection, which `ended` says.
 * @throws FloodmarkError 'bad-request' when it is not an HTTP/1 response, or is above RESPONSE_BYTES_MAX.
 */
export function parseResponse(bytes: Buffer, ended = false): ParsedResponse | undefined {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd === -1) {
    if (bytes.length > RESPONSE_BYTES_MAX) throw malformed('its head is too long')
    if (!'HTTP/1.'.startsWith(bytes.toString('latin1', 0, 7))) throw malformed('it does not start with HTTP/1.')
    return undefined
  }
  const head = bytes.toString('latin1', 0, headEnd + 2)
  const line = STATUS_LINE.exec(head)
  if (!line) throw malformed('its status line is wrong')
  const status = Number(line[2])
  const bodyAt = headEnd + HEAD_END.length
  if (status < 200) {
    const next = parseResponse(bytes.subarray(bodyAt), ended)
    return next && { ...next, bytes: next.bytes + bodyAt }
  }
  const headers = framingHeaders(head)
  const isEmpty = status === 204 || status === 304
  const untilEnd = !isEmpty && !headers.chunked && headers.length === undefined
  const close = untilEnd || (line[1] === '0' ? !headers.keepAlive : headers.close)
  const rest = ended ? bytes.length - bodyAt : undefined
  const length = isEmpty ? 0 : untilEnd ? rest : bodyLength(headers, bytes, bodyAt)
  if (length === undefined || bodyAt + length > bytes.length) {
    if (bytes.length > RESPONSE_BYTES_MAX) throw malformed('its body is too long')
    return undefined
  }
  return { status, close, bytes: bodyAt + length, retryAfterS: headers.retryAfterS, extra: headers.extra }
}

interface FramingHeaders {
  length?: string
  chunked: boolean
  close: boolean
  keepAlive: boolean
  retryAfterS: number | undefined
  extra: Map<string, string> | undefined
}

/** The headers that say where the response ends and whether the connection does. Contradictions are refused. */
function framingHeaders(head: string): FramingHeaders {
  const headers: FramingHeaders = {
    chunked: false,
    close: false,
    keepAlive: false,
    retryAfterS: undefined,
    extra: undefined,
  }
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (name === 'content-length') {
      if (!/^\d{1,9}$/.test(value)) throw malformed('its length is not a number')
      if (headers.length !== undefined && headers.length !== value) throw malformed('it states two lengths')
      headers.length = value
    } else if (name === 'transfer-encoding') {
      if (value.toLowerCase() !== 'chunked') throw malformed('its transfer encoding is not known')
      headers.chunked = true
    } else if (name === 'retry-after') {
      if (/^\d{1,6}$/.test(value)) headers.retryAfterS = Number(value)
    } else if (name === 'connection') {
      const options = value.toLowerCase().split(/\s*,\s*/)
      headers.close ||= options.includes('close')
      headers.keepAlive ||= options.includes('keep-alive')
    } else if (name.startsWith('x-')) {
      headers.extra ??= new Map()
      headers.extra.set(name, value)
    }
  }
  if (headers.chunked && headers.length !== undefined) throw malformed('it states a length and is chunked')
  return headers
}

function bodyLength({ chunked, length }: FramingHeaders, bytes: Buffer, bodyAt: number): number | undefined {
  if (chunked) return chunkedLength(bytes, bodyAt)
  return Number(length)
}

/** Bytes of a chunked body up to its end; undefined while that is not there. */
function chunkedLength(bytes: Buffer, bodyAt: number): number | undefined {
  let at = bodyAt
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = /^([0-9a-f]{1,6})(;|$)/i.exec(bytes.toString('latin1', at, Math.min(lineEnd, at + 64)))
    if (!size) throw malformed('a chunk has no size')
    const chunk = Number.parseInt(size[1]!, 16)
    at = lineEnd + 2
    if (chunk === 0) {
      // Trailers, down to the empty line.
      let end = bytes.indexOf('\r\n', at)
      for (; end > at; end = bytes.indexOf('\r\n', at)) at = end + 2
      return end === -1 ? undefined : end + 2 - bodyAt
    }
    at += chunk
    if (bytes.length >= at + 2 && bytes.toString('latin1', at, at + 2) !== '\r\n')
      throw malformed('a chunk has another size than stated')
    at += 2
  }
}

function malformed(why: string): FloodmarkError {
  return new FloodmarkError('bad-request', `the server's response cannot be understood: ${why}`)
}
