import { hash } from 'node:crypto'
import { DIGEST_HEADER } from '../base/copy-digest.ts'
import { SEQUENCE_HEADER } from '../base/headers.ts'
import { MARK_HEADER, markMsFor } from '../base/mark-life.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import { EVENT_LIMITS, type WebhookEvent } from '../contracts/event.ts'
import type { Incoming } from '../contracts/incoming.ts'
import { MARK_TTL_MS } from '../contracts/ledger.ts'
import type { Identity, Provider, RetryPolicy, Route } from '../contracts/provider.ts'

/** So much of a key that is too long is kept. */
const KEPT_KEY_BYTES = 80
const KEY_HASH_CHARS = 16

/** Header of an event that came with others in one request: its position in the body, from 0. */
const ITEM_HEADER = 'x-floodmark-item'

/** One event a request, or as many as its provider finds. All of them are judged before the first is published. */
export function toEvents(route: Route, request: Incoming): WebhookEvent[] {
  const { provider } = route
  if (!provider.identifyAll) return [toEvent(route, request, provider.identify(request), {})]
  const found = provider.identifyAll(request)
  // Nothing stored, and yet a 200: that would be an event lost.
  if (found.length === 0) throw new FloodmarkError('bad-request', 'the request carries no event')
  return found.map((identity, at) => toEvent(route, request, identity, { [ITEM_HEADER]: String(at) }))
}

function toEvent(
  route: Route,
  request: Incoming,
  { id, key, type, sequence, digest }: Identity,
  headers: Record<string, string>,
): WebhookEvent {
  for (const name of route.provider.contextHeaders) {
    const value = request.header(name)
    if (value === undefined) continue
    check(value, `header ${name}`, EVENT_LIMITS.headerValueBytesMax)
    headers[name] = value
  }
  if (sequence !== undefined) headers[SEQUENCE_HEADER] = String(sequence)
  if (digest !== undefined) headers[DIGEST_HEADER] = digest.toString(16)
  const markMs = markMsOfProvider(route.provider)
  if (markMs > MARK_TTL_MS) headers[MARK_HEADER] = String(markMs)
  const fullId = `${route.source}:${id}`
  check(id, 'event id', EVENT_LIMITS.idBytesMax)
  check(fullId, 'event id', EVENT_LIMITS.idBytesMax)
  const fittingKey = shortened(key)
  check(fittingKey, 'ordering key', EVENT_LIMITS.keyBytesMax)
  check(type, 'event type', EVENT_LIMITS.typeBytesMax)
  return {
    id: fullId,
    key: fittingKey,
    source: route.source,
    type,
    receivedAtMs: request.receivedAtMs,
    headers,
    body: request.raw,
  }
}

/** Added up once a provider: it runs for every event. */
const markMsKnown = new WeakMap<RetryPolicy, number>()
function markMsOfProvider({ delivery }: Provider): number {
  let markMs = markMsKnown.get(delivery)
  if (markMs === undefined) {
    markMs = markMsFor(delivery)
    markMsKnown.set(delivery, markMs)
  }
  return markMs
}

/** A key that is too long keeps its beginning; a hash tells it from others that begin alike. Refused, its event would be lost. */
function shortened(key: string): string {
  if (key.length * 3 <= EVENT_LIMITS.keyBytesMax || Buffer.byteLength(key) <= EVENT_LIMITS.keyBytesMax) return key
  // Decoded as UTF-8, a character that was cut would become a replacement: it is left out.
  const beginning = Buffer.from(key)
    .subarray(0, KEPT_KEY_BYTES)
    .toString()
    .replace(/\ufffd$/, '')
  return `${beginning}~${hash('sha256', key).slice(0, KEY_HASH_CHARS)}`
}

/** Control characters would forge lines in logs and break text protocols behind us; lone surrogates do not survive UTF-8. */
const UNPRINTABLE = /[\u0000-\u001f\u007f]|\p{Surrogate}/u

function check(value: string, what: string, bytesMax: number): void {
  if (value.length === 0 && !what.startsWith('header')) throw new FloodmarkError('bad-request', `${what} is empty`)
  if (value.length > bytesMax || (value.length * 3 > bytesMax && Buffer.byteLength(value) > bytesMax)) {
    throw new FloodmarkError('bad-request', `${what} is longer than ${bytesMax} bytes`)
  }
  if (UNPRINTABLE.test(value)) throw new FloodmarkError('bad-request', `${what} has a control character`)
}
