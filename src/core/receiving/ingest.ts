import { hash } from 'node:crypto'
import { UNDECODABLE } from '../base/codec.ts'
import { DIGEST_HEADER } from '../base/copy-digest.ts'
import { SEQUENCE_HEADER } from '../base/headers.ts'
import { MARK_HEADER, markMsFor } from '../base/mark-life.ts'
import type { Clock } from '../contracts/clock.ts'
import { type CrashPoint, nowhere } from '../contracts/crash-point.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import { EVENT_LIMITS, type WebhookEvent } from '../contracts/event.ts'
import type { Incoming } from '../contracts/incoming.ts'
import { MARK_TTL_MS } from '../contracts/ledger.ts'
import type { Observer } from '../contracts/observer.ts'
import type { Identity, Provider, RetryPolicy, Route } from '../contracts/provider.ts'
import type { Ingest, Verify } from '../contracts/receiver.ts'
import type { RefusedRequest } from '../contracts/refusal.ts'
import type { Reply } from '../contracts/reply.ts'
import { CodedBodies, codingOf } from './content-coding.ts'
import { Guard } from './guard.ts'
import { Refusals } from './refusals.ts'
import { TOO_LARGE } from './replies.ts'
import { checkReplies, replyOf } from './route-replies.ts'
import { SecretRings } from './secret-ring.ts'

export interface IngestOptions {
  readonly routes: readonly Route[]
  /** Resolves when the event is safe. An error becomes a 503 or a 413. */
  readonly publish: (event: WebhookEvent) => Promise<void>
  /** Resolves when an event could be stored and processed now; /readyz says 503, and why, when it rejects. */
  readonly ready: () => Promise<void>
  /** Proxies before the receiver, whose word counts for whose request it is: addresses or ranges. Default: none. */
  readonly trustedProxies?: readonly string[]
  readonly clock: Clock
  /** Told of our own failures, never of the sender's. */
  readonly onError?: (error: unknown) => void
  /** Told of refused requests: of each route and reason the first one, and then one in a minute. Must not throw. */
  readonly onRefused?: (refusal: RefusedRequest) => void
  readonly observer?: Observer
  readonly crashPoint?: CrashPoint
}

/** A sender is asked to stay away for so many seconds when we are full or broken. */
const RETRY_AFTER_S = 5

/** Of a key that is too long. */
const KEPT_KEY_BYTES = 80
const KEY_HASH_CHARS = 16

const ACCEPTED: Reply = { status: 200, reason: 'accepted' }
const NO_CONTENT: Reply = { status: 204, reason: 'accepted' }
const NOT_FOUND: Reply = { status: 404, reason: 'no such route' }
const NOT_POST: Reply = { status: 405, reason: 'use POST', headers: { allow: 'POST' } }
const NOT_GET: Reply = { status: 405, reason: 'use GET', headers: { allow: 'GET, HEAD' } }
const UNAVAILABLE: Reply = { status: 503, reason: 'try again later', retryAfterS: RETRY_AFTER_S }

/** path → route → verify on the raw bytes → identify → publish → reply. Every receiver shares it. */
export function createIngest(options: IngestOptions): Ingest {
  const { ready, clock, observer } = options
  const byPath = new Map<string, Route>()
  const rings = new SecretRings(options.routes, clock)
  for (const route of options.routes) {
    if (byPath.has(route.path)) throw new FloodmarkError('misuse', `route ${route.path} is given twice`)
    checkSource(route)
    checkReplies(route)
    byPath.set(route.path, route)
  }
  const guard = new Guard(options.routes, options.trustedProxies ?? [], clock)
  const refusals = new Refusals(clock, options.onRefused)
  const counts = { unkeyed: 0, unreadable: 0, refused: refusals.counts }
  const take = takerOf(options, rings, refusals, counts)

  return {
    routes: options.routes,
    counts,
    secretsOf: (route) => rings.of(route).all,
    onRotation: (listener) => rings.onRotation(listener),
    rotateSecrets: (source, secrets) => rings.rotate(source, secrets),

    admit(method, url, source) {
      const path = pathOf(url)
      const health = healthOf(method, path, ready)
      if (health) return health
      const route = byPath.get(path)
      if (!route) return refusals.said(path, NOT_FOUND)
      if (method !== 'POST') return refusals.said(route, NOT_POST)
      const guarded = guard.refusal(route, source)
      return guarded && refusals.guarded(route, guarded)
    },

    handle(given, verify) {
      const path = pathOf(given.url)
      const route = byPath.get(path)
      if (!route) return Promise.resolve(refusals.said(path, NOT_FOUND))
      const request = route.address === undefined ? given : asCalled(given, route.address)
      const answering = take(route, request, verify)
      return observer?.answered ? observed(answering, observer, route, request, clock) : answering
    },

    refused(url, reply) {
      const path = pathOf(url)
      refusals.said(byPath.get(path) ?? path, reply)
    },
  }
}

/** Apart, so that a request that nobody observes makes no promise more. */
async function observed(
  answering: Promise<Reply>,
  observer: Observer,
  { path, source }: Route,
  { raw }: Incoming,
  clock: Clock,
): Promise<Reply> {
  const startedMs = clock.monotonic()
  const reply = await answering
  const tookMs = clock.monotonic() - startedMs
  observer.answered?.({ path, source, status: reply.status, bodyBytes: raw.length, tookMs })
  return reply
}

type Take = (route: Route, request: Incoming, verify: Verify | undefined) => Promise<Reply>

/** Takes a request for a route: verifies, reads, stores. What it gives never rejects. */
function takerOf(
  { publish, onError, crashPoint = nowhere }: IngestOptions,
  rings: SecretRings,
  refusals: Refusals,
  counts: { unkeyed: number; unreadable: number },
): Take {
  const coded = new CodedBodies(store)

  /** Stores a genuine request. No promise is made on the way to `publish`, because this runs for every request. */
  function store(route: Route, request: Incoming): Promise<Reply> {
    const events = read(route, request)
    if (!Array.isArray(events)) return Promise.resolve(events)
    for (const event of events) if (isUnkeyed(event)) counts.unkeyed++
    const accepted = replyOf(route, 'accepted', route.provider.acceptedStatus === 204 ? NO_CONTENT : ACCEPTED)
    crashPoint('before-store')
    const stored = events.length === 1 ? publish(events[0]!) : Promise.all(events.map((event) => publish(event)))
    return (stored as Promise<unknown>).then(() => {
      crashPoint('after-store')
      refusals.accepted(route)
      return accepted
    })
  }

  /** The events of a genuine request, or the answer where it is no event. */
  function read(route: Route, request: Incoming): WebhookEvent[] | Reply {
    try {
      return route.provider.handshake?.(request) ?? toEvents(route, request)
    } catch (error) {
      if (error instanceof FloodmarkError && error.code === 'bad-request') counts.unreadable++
      throw error
    }
  }

  function verifyHere(route: Route, request: Incoming): void {
    route.provider.verify(request, rings.of(route).at(request.receivedAtMs))
  }

  function refuse(route: Route, error: unknown): Reply {
    const reply = replyTo(error)
    if (reply.status === 503) onError?.(error)
    return replyOf(route, refusals.failed(route, reply.status, error), reply)
  }

  return (route, request, verify) => {
    const refused = (error: unknown) => refuse(route, error)
    try {
      const coding = codingOf(request.header('content-encoding'))
      if (request.raw.length > (route.bodyBytesMax ?? Number.POSITIVE_INFINITY))
        return Promise.resolve(refusals.said(route, TOO_LARGE))
      if (coding !== '') return coded.take(route, request, coding, verify ?? verifyHere).catch(refused)
      if (verify)
        return verify(route, request)
          .then(() => store(route, request))
          .catch(refused)
      verifyHere(route, request)
      return store(route, request).catch(refused)
    } catch (error) {
      return Promise.resolve(refused(error))
    }
  }
}

/** The answer to a probe; undefined where it is none. */
function healthOf(method: string, path: string, ready: () => Promise<void>): Reply | Promise<Reply> | undefined {
  if (path !== '/healthz' && path !== '/readyz') return undefined
  if (method !== 'GET' && method !== 'HEAD') return NOT_GET
  if (path === '/healthz') return { status: 200, reason: 'alive' }
  return ready().then(
    (): Reply => ({ status: 200, reason: 'ready' }),
    (error): Reply => ({ status: 503, reason: reasonOf(error), retryAfterS: RETRY_AFTER_S }),
  )
}

/** Ours names the parts that fail; of any other error the asker learns nothing. */
function reasonOf(error: unknown): string {
  return error instanceof FloodmarkError ? error.message : 'not ready'
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

/** The request as its sender made it, before a proxy gave it another path or host. */
function asCalled(request: Incoming, address: string): Incoming {
  const { host, pathname } = new URL(address)
  return {
    ...request,
    url: `${pathname}${request.url.slice(pathOf(request.url).length)}`,
    header: (name) => (name === 'host' ? host : request.header(name)),
  }
}

/** An event's id is `source:id`: with a colon in the source two of them could meet. */
function checkSource({ path, source }: Route): void {
  if (source === UNDECODABLE) {
    throw new FloodmarkError(
      'misuse',
      `route ${path} has the source '${source}', which is the kit's own: give it another`,
    )
  }
  const fits = /^[^:\p{Cc}\p{Surrogate}]+$/u.test(source) && Buffer.byteLength(source) <= EVENT_LIMITS.sourceBytesMax
  if (fits) return
  const allowed = `1-${EVENT_LIMITS.sourceBytesMax} bytes without colon and control characters`
  throw new FloodmarkError('misuse', `route ${path} has the source '${source.slice(0, 80)}': give it ${allowed}`)
}

/** What the sender may know of an error: enough to decide whether to retry, nothing that helps to forge. */
function replyTo(error: unknown): Reply {
  const code = error instanceof FloodmarkError ? error.code : 'unavailable'
  if (code === 'bad-signature') return { status: 401, reason: 'unauthorized' }
  if (code === 'bad-request') return { status: 400, reason: 'bad request' }
  if (code === 'too-large') return { status: 413, reason: 'too large' }
  return UNAVAILABLE
}

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

/** Providers take the event's own id where they find no key. */
function isUnkeyed({ id, key, source }: WebhookEvent): boolean {
  return id.length === source.length + 1 + key.length && id.endsWith(key)
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
