import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Reply } from '../contracts/reply.ts'

export const TOO_LARGE: Reply = { status: 413, reason: 'too large' }
export const BAD_REQUEST: Reply = { status: 400, reason: 'bad request' }
export const TOO_MANY_HEADERS: Reply = { status: 431, reason: 'too many headers' }
export const TOO_SLOW: Reply = { status: 408, reason: 'too slow' }
export const HEAD_TOO_LONG: Reply = { status: 431, reason: 'headers too long' }
export const NO_EXPECTATION: Reply = { status: 417, reason: 'expectation is not supported' }
export const NOT_IMPLEMENTED: Reply = { status: 501, reason: 'transfer-encoding is not supported' }
const unsupported = (accepted: string): Reply => ({
  status: 415,
  reason: 'content-encoding is not supported',
  headers: { 'accept-encoding': accepted },
})
/** The answers of a route that takes bodies only as they are, and of one that takes other codings. */
export const NO_CODING = unsupported('identity')
export const OTHER_CODING = unsupported('gzip, deflate')
export const BUSY: Reply = { status: 503, reason: 'too many requests in progress', retryAfterS: 1 }
export const HELD_TOO_MUCH: Reply = { status: 503, reason: 'too many bytes in progress', retryAfterS: 1 }
export const STOPPING: Reply = { status: 503, reason: 'stopping', retryAfterS: 1 }
/** What is refused before anything is verified. The receiver counts them. */
export const OWN_REFUSALS: ReadonlySet<Reply> = new Set([
  TOO_LARGE,
  BAD_REQUEST,
  NO_EXPECTATION,
  TOO_MANY_HEADERS,
  NOT_IMPLEMENTED,
  NO_CODING,
  OTHER_CODING,
  BUSY,
  HELD_TOO_MUCH,
  STOPPING,
])
/** The answer while stopping, as bytes: there is no request yet that could be answered. */
export const STOPPING_BYTES =
  'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n'

/** What node's parser, or its clock, ends a connection for, by the code of its error. Others are a sender that went away. */
export function replyToParser(code: string | undefined): Reply | undefined {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return TOO_SLOW
  if (code === 'HPE_HEADER_OVERFLOW') return HEAD_TOO_LONG
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return TOO_LARGE
  return code?.startsWith('HPE_') ? BAD_REQUEST : undefined
}

/** A reply without a body, where there is no request that node could answer. */
export function replyBytes({ status }: Reply): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
}

/** Returns the body that belongs to it. */
export function writeHead(response: ServerResponse, reply: Reply, close: boolean): string {
  // An answer of 204 ends with its head, and says nothing of a body (RFC 9110 8.6).
  const isEmpty = reply.status === 204
  const text = isEmpty ? '' : (reply.body ?? reply.reason)
  const type = reply.contentType ?? 'text/plain'
  const head = isEmpty ? [] : ['Content-Type', type, 'Content-Length', String(Buffer.byteLength(text))]
  if (reply.retryAfterS !== undefined) head.push('Retry-After', String(reply.retryAfterS))
  for (const name in reply.headers) head.push(name, reply.headers[name]!)
  if (close) head.push('Connection', 'close')
  response.writeHead(reply.status, head)
  return text
}
