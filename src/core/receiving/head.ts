import type { IncomingMessage } from 'node:http'
import { FloodmarkError } from '../contracts/errors.ts'
import type { Incoming } from '../contracts/incoming.ts'
import type { Route } from '../contracts/provider.ts'
import type { Reply } from '../contracts/reply.ts'
import { BAD_REQUEST, NOT_IMPLEMENTED } from './replies.ts'

/** A host and its port, without a user. */
const AUTHORITY = String.raw`(?:\[[0-9a-f:.]+\]|[0-9a-z._~!$&'()*+,;=%-]+)(?::[0-9]*)?`
/** Scheme, authority and the rest of a target in absolute form (RFC 9112 3.2.2): without fragment. */
const ABSOLUTE = new RegExp(String.raw`^https?:\/\/(${AUTHORITY})((?:[/?].*)?)$`, 'i')
/** A Host (RFC 9112 3.2), which may be empty. */
const HOST = new RegExp(`^(?:${AUTHORITY})?$`, 'i')

/**
 * Judges what RFC 9112 asks of a head and node's parser lets pass: a version that we do not speak, a Host that names no host,
 * a transfer coding that nobody would undo, a target that is no path. A target in absolute form becomes its path. Its
 * authority becomes the Host.
 */
export function judgeHead(request: IncomingMessage): Reply | undefined {
  const { httpVersionMajor, httpVersionMinor, headers } = request
  // A request line without a version is HTTP/0.9 to node.
  if (httpVersionMajor !== 1) return BAD_REQUEST
  if (!HOST.test(headers.host ?? '')) return BAD_REQUEST
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

/** Scheme, host and path, as they are written: a sender signs them so, and not as a parser would write them. */
const PUBLIC = /^https?:\/\/([^/?#@\s]+)(\/[^?#]*)?$/i

/** @throws FloodmarkError 'misuse' where a route's public address is none. */
export function checkAddress({ path, address }: Route): void {
  if (address === undefined || (PUBLIC.test(address) && URL.canParse(address))) return
  const what = `route ${path} has an address that is none, or has a user or a query in it`
  throw new FloodmarkError('misuse', `${what}: give https://hooks.example.com/webhooks/twilio`)
}

/** The request as its sender made it, before a proxy gave it another path or host. */
export function calledAs(request: Incoming, address: string): Incoming {
  const [, host, path] = PUBLIC.exec(address)!
  return {
    ...request,
    scheme: /^https/i.test(address) ? 'https' : 'http',
    url: `${path ?? '/'}${request.url.slice(pathOf(request.url).length)}`,
    header: (name) => (name === 'host' ? host : request.header(name)),
  }
}

/** The path of a target, without its query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}
