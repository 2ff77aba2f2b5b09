import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { Incoming } from '../../src/core/contracts/incoming.ts'
import { signedHeader } from '../../src/core/receiving/signature.ts'
import type { SignedItem, SignedList } from './structured.ts'

/** What a signature is over (RFC 9421, 2.5). */

export type Scheme = 'https' | 'http'

const HOST = /^(\[[0-9a-f:.]+\]|[0-9a-z._-]+)(?::([0-9]{1,5}))?$/i
const DEFAULT_PORT = { https: '443', http: '80' } as const

/** Whether the base differs with the scheme, which a request does not say. */
export function dependsOnScheme({ items }: SignedList): boolean {
  return items.some(({ name }) => name === '@target-uri' || name === '@scheme' || name === '@authority')
}

/** @throws FloodmarkError 'bad-signature' where a component is missing, or is none that can be checked here. */
export function signatureBase(list: SignedList, request: Incoming, scheme: Scheme): string {
  const lines = list.items.map((item) => `"${item.name}"${item.params}: ${componentOf(item, request, scheme)}\n`)
  if (new Set(list.items.map(({ name }) => name)).size < lines.length) throw unknown('one that is named twice')
  return `${lines.join('')}"@signature-params": ${list.text}`
}

function componentOf({ name, params }: SignedItem, request: Incoming, scheme: Scheme): string {
  if (params !== '') throw unknown(`"${name}" with parameters`)
  if (!name.startsWith('@')) {
    if (name !== name.toLowerCase()) throw unknown(`"${name}", which is not in lower case`)
    const value = request.header(name)
    if (value === undefined) throw signedMissing(name)
    return value.trim().replace(/\s*\r\n\s+/g, ' ')
  }
  const query = request.url.indexOf('?')
  const path = query === -1 ? request.url : request.url.slice(0, query)
  const derived: Record<string, () => string> = {
    // Others have had their 405.
    '@method': () => 'POST',
    '@scheme': () => scheme,
    '@authority': () => authorityOf(request, scheme),
    '@path': () => path,
    '@query': () => (query === -1 ? '?' : request.url.slice(query)),
    '@request-target': () => request.url,
    '@target-uri': () => `${scheme}://${authorityOf(request, scheme)}${request.url}`,
  }
  const value = Object.hasOwn(derived, name) ? derived[name] : undefined
  if (!value) throw unknown(`"${name}"`)
  return value()
}

/** The host that was called, in lower case and without the scheme's own port. */
function authorityOf(request: Incoming, scheme: Scheme): string {
  const [, name, port] = HOST.exec(signedHeader(request.header('host'), 'host')) ?? []
  if (!name) throw new FloodmarkError('bad-signature', 'the Host header is malformed', { reason: 'malformed' })
  const host = name.toLowerCase()
  return port === undefined || port === DEFAULT_PORT[scheme] ? host : `${host}:${port}`
}

function unknown(what: string): FloodmarkError {
  const message = `the signature covers ${what.slice(0, 80)}, which cannot be checked here`
  return new FloodmarkError('bad-signature', `${message}: have it cover other components`, { reason: 'malformed' })
}

function signedMissing(name: string): FloodmarkError {
  const message = `the signature covers header ${name.slice(0, 80)}, which did not come`
  return new FloodmarkError('bad-signature', `${message}: see what takes it away`, { reason: 'missing' })
}
