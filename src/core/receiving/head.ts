import type { IncomingMessage } from 'node:http'
import type { Reply } from '../contracts/reply.ts'
import { BAD_REQUEST, NOT_IMPLEMENTED } from './replies.ts'

/** Scheme, authority and the rest of a target in absolute form (RFC 9112 3.2.2): without user, without fragment. */
const ABSOLUTE = /^https?:\/\/((?:\[[0-9a-f:.]+\]|[0-9a-z._~!$&'()*+,;=%-]+)(?::[0-9]*)?)((?:[/?].*)?)$/i

/**
 * Judges what RFC 9112 asks of a head and node's parser lets pass: a version that we do not speak, a transfer coding that
 * nobody would undo, a target that is no path. A target in absolute form becomes its path, and its authority the Host.
 */
export function judgeHead(request: IncomingMessage): Reply | undefined {
  const { httpVersionMajor, httpVersionMinor, headers } = request
  // A request line without a version is HTTP/0.9 to node.
  if (httpVersionMajor !== 1) return BAD_REQUEST
  const coding = headers['transfer-encoding']
  if (coding !== undefined) {
    if (httpVersionMinor === 0) return BAD_REQUEST
    // Where chunked is not the last one, node ends the connection itself.
    if (/,[ \t]*chunked$/i.test(coding)) return NOT_IMPLEMENTED
  }
  const url = request.url!
  if (url.startsWith('/') || url === '*') return undefined
  const [, authority, rest = ''] = ABSOLUTE.exec(url) ?? []
  if (authority === undefined || rest.includes('#')) return BAD_REQUEST
  request.url = rest.startsWith('/') ? rest : `/${rest}`
  setHost(request, authority)
  return undefined
}

/** The Host of the headers does not count beside an absolute target. */
function setHost({ headers, rawHeaders }: IncomingMessage, host: string): void {
  headers.host = host
  const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  if (at === -1) rawHeaders.push('host', host)
  else rawHeaders[at + 1] = host
}
