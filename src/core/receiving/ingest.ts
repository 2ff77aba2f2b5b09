import { retryAfter } from '../base/backoff.ts'
import { UNDECODABLE } from '../base/codec.ts'
import type { Clock } from '../contracts/clock.ts'
import { type CrashPoint, nowhere } from '../contracts/crash-point.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import { EVENT_LIMITS, type WebhookEvent } from '../contracts/event.ts'
import type { Incoming } from '../contracts/incoming.ts'
import type { Observer } from '../contracts/observer.ts'
import type { Route } from '../contracts/provider.ts'
import type { Random } from '../contracts/random.ts'
import type { RateGrants } from '../contracts/rate.ts'
import type { Ingest, RequestSource, Verify } from '../contracts/receiver.ts'
import type { RefusedRequest } from '../contracts/refusal.ts'
import type { Reply } from '../contracts/reply.ts'
import { CodedBodies, codingOf } from './content-coding.ts'
import { Guard } from './guard.ts'
import { calledAs, checkAddress, pathOf } from './head.ts'
import { answerOf, Refusals } from './refusals.ts'
import { TOO_LARGE } from './replies.ts'
import { checkReplies, replyOf, troubleWith } from './route-replies.ts'
import { SecretRings } from './secret-ring.ts'
import { toEvents } from './to-events.ts'

export interface IngestOptions {
  readonly routes: readonly Route[]
  /** Resolves when the event is safe. An error becomes a 503 or a 413. */
  readonly publish: (event: WebhookEvent) => Promise<void>
  /** Whether all of these took effect, or were given up, before. For routes with an answer of their own to duplicates. */
  readonly isKnown?: (events: readonly WebhookEvent[]) => Promise<boolean>
  /**
   * Called where a signature is by a key that the route does not know. Resolves to whether its secrets have changed, so that it is
   * worth another look. undefined: they will not. Default: none do.
   */
  readonly renewSecrets?: (route: Route) => Promise<boolean> | undefined
  /** Resolves when an event could be stored and processed now; /readyz says 503, and why, when it rejects. */
  readonly ready: () => Promise<void>
  /** Proxies before the receiver, whose word counts for whose request it is: addresses or ranges. Default: none. */
  readonly trustedProxies?: readonly string[]
  /** Where other processes receive for the same routes: whoever grants to all what their rates allow. Default: this process alone. */
  readonly grants?: RateGrants
  /** Requests a second that were measured to hold, for senders that ask. */
  readonly ceilingPerS?: number
  readonly clock: Clock
  /** Seconds until what waits now is worked off, where it is known: see WorkPace in core/service. Default: never. */
  readonly backlogS?: () => number | undefined
  /** Spreads what refused senders are told. Default: all are told the same. */
  readonly random?: Random
  /** Told of our own failures, never of the sender's. */
  readonly onError?: (error: unknown) => void
  /** Told of refused requests: of each route and reason the first one, and then one in a minute. Must not throw. */
  readonly onRefused?: (refusal: RefusedRequest) => void
  readonly observer?: Observer
  readonly crashPoint?: CrashPoint
}

/** A sender is asked to stay away for so many seconds when we are full or broken. */
const RETRY_AFTER_S = 5
/** So many requests by unknown keys may wait for new keys at once: forged ones must not keep others out. */
const RENEWING_MAX = 100
const EVEN: Random = () => 0.5

const ACCEPTED: Reply = { status: 200, reason: 'accepted' }
const QUEUED: Reply = { status: 202, reason: 'accepted' }
const NO_CONTENT: Reply = { status: 204, reason: 'accepted' }
/** This answer is counted here: a receiver counts only its own. */
const ROUTE_TOO_LARGE: Reply = { ...TOO_LARGE }
const NOT_FOUND: Reply = { status: 404, reason: 'no such route' }
const NOT_POST: Reply = { status: 405, reason: 'use POST', headers: { allow: 'POST' } }
const NOT_GET: Reply = { status: 405, reason: 'use GET', headers: { allow: 'GET, HEAD' } }
const UNSUPPORTED: Reply = { status: 415, reason: 'content type is not supported' }
const UNAVAILABLE: Reply = { status: 503, reason: 'try again later', retryAfterS: RETRY_AFTER_S }

/** path → route → verify on the raw bytes → identify → publish → reply. Every receiver shares it. */
export function createIngest(options: IngestOptions): Ingest {
  const { ready, clock, observer, random = EVEN } = options
  const byPath = new Map<string, Route>()
  const rings = new SecretRings(options.routes, clock)
  for (const route of options.routes) {
    if (byPath.has(route.path)) throw new FloodmarkError('misuse', `route ${route.path} is given twice`)
    checkSource(route)
    checkReplies(route)
    if (route.replies?.duplicate && !options.isKnown) {
      const what = `route ${route.path} has an answer to duplicates, and no ledger can be asked here`
      throw new FloodmarkError('misuse', `${what}: run floodmark node, or leave replies.duplicate out`)
    }
    checkAddress(route)
    byPath.set(route.path, route)
  }
  const guard = new Guard(options.routes, options.trustedProxies ?? [], clock, random, options.grants)
  const refusals = new Refusals(clock, options.onRefused, observer)
  const counts = {
    unkeyed: 0,
    unreadable: 0,
    refused: refusals.counts,
    get accepted() {
      return refusals.acceptedTotal
    },
  }
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
      const asks = method === 'OPTIONS' && route.provider.preflight !== undefined
      if (method !== 'POST' && !asks) return refusals.guarded(route, NOT_POST)
      const after = (guarded: Reply | undefined): Reply | undefined => {
        if (guarded) return refusals.guarded(route, guarded)
        if (!asks) return undefined
        try {
          const answer = sendable(route, preflightOf(route, source, options.ceilingPerS))
          return answer.status < 400 ? answer : refusals.said(route, answer)
        } catch (error) {
          options.onError?.(error)
          refusals.failed(route, UNAVAILABLE.status, error)
          return UNAVAILABLE
        }
      }
      const guarded = guard.refusal(route, source)
      return guarded && 'then' in guarded ? guarded.then(after) : after(guarded)
    },

    handle(given, verify) {
      const path = pathOf(given.url)
      const route = byPath.get(path)
      if (!route) return Promise.resolve(refusals.said(path, NOT_FOUND))
      const request = route.address === undefined ? given : calledAs(given, route.address)
      const answering = take(route, request, verify)
      return observer?.answered ? observed(answering, observer, route, request, clock) : answering
    },

    retryAfterS(inFlight) {
      const perS = refusals.acceptedPerS()
      return retryAfter(perS > 0 ? inFlight / perS : 1, random)
    },

    replyFor(url, reply) {
      const route = byPath.get(pathOf(url))
      return route ? answerOf(route, reply) : reply
    },

    refused(url, reply) {
      const path = pathOf(url)
      refusals.said(byPath.get(path) ?? path, reply)
    },
  }
}

/** A function of its own, so that a request that nobody observes makes no further promise. */
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
  { publish, isKnown, renewSecrets, onError, backlogS, random = EVEN, crashPoint = nowhere }: IngestOptions,
  rings: SecretRings,
  refusals: Refusals,
  counts: { unkeyed: number; unreadable: number },
): Take {
  const coded = new CodedBodies(store)
  let renewals = 0

  /** Stores a genuine request. No promise is made on the way to `publish`, because this runs for every request. */
  function store(route: Route, request: Incoming): Promise<Reply> {
    const events = read(route, request)
    if (!Array.isArray(events)) return Promise.resolve(events)
    for (const event of events) if (isUnkeyed(event)) counts.unkeyed++
    const accepted = replyOf(route, 'accepted', acceptedBy(route))
    if (!route.replies?.duplicate) return put(route, events, accepted)
    return looked(events).then((known) => put(route, events, known ? replyOf(route, 'duplicate', accepted) : accepted))
  }

  /** Asks before the events are stored: afterwards a quick handler would make a first copy look like a second one. */
  function looked(events: readonly WebhookEvent[]): Promise<boolean> {
    // A ledger that does not answer keeps no event out: it is stored, and said to be new.
    return isKnown!(events).catch((error) => {
      onError?.(error)
      return false
    })
  }

  /** A copy is stored too: what it differs in is seen where it is absorbed. */
  function put(route: Route, events: readonly WebhookEvent[], accepted: Reply): Promise<Reply> {
    crashPoint('before-store')
    const stored = events.length === 1 ? publish(events[0]!) : Promise.all(events.map((event) => publish(event)))
    return (stored as Promise<unknown>).then(() => {
      crashPoint('after-store')
      refusals.accepted(route, events.length)
      return accepted
    })
  }

  /** The events of a genuine request, or the answer where it is no event. */
  function read(route: Route, request: Incoming): WebhookEvent[] | Reply {
    try {
      const answer = route.provider.handshake?.(request)
      return answer ? sendable(route, answer) : toEvents(route, request)
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
    return replyOf(route, refusals.failed(route, reply.status, error), timed(reply, error, backlogS, random))
  }

  const take = (route: Route, request: Incoming, verify: Verify | undefined, isRenewed = false): Promise<Reply> => {
    const refused = (error: unknown): Reply | Promise<Reply> => {
      const renewing = !isRenewed && renewals < RENEWING_MAX && mayBeRenewed(error) ? renewSecrets?.(route) : undefined
      if (!renewing) return refuse(route, error)
      renewals++
      return renewing
        .finally(() => renewals--)
        .then(
          (changed) => (changed ? take(route, request, verify, true) : refuse(route, error)),
          () => refuse(route, error),
        )
    }
    try {
      const coding = codingOf(request.header('content-encoding'))
      if (request.raw.length > (route.bodyBytesMax ?? Number.POSITIVE_INFINITY))
        return Promise.resolve(refusals.guarded(route, ROUTE_TOO_LARGE))
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
  return take
}

/** A full queue has room once some of it is worked off. When one that does not answer is back nobody knows. */
function timed(reply: Reply, error: unknown, backlogS: IngestOptions['backlogS'], random: Random): Reply {
  if (reply.status !== 503) return reply
  const isFull = error instanceof FloodmarkError && error.code === 'overloaded'
  return { ...reply, retryAfterS: retryAfter((isFull && backlogS?.()) || RETRY_AFTER_S, random) }
}

/** Some schemes name the key. A wrong signature by a key that is known is forged, whatever keys come. */
function mayBeRenewed(error: unknown): boolean {
  return error instanceof FloodmarkError && (error.reason === 'unknown-key' || error.reason === 'mismatch')
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

/** An error of ours names the parts that fail. The asker learns nothing of any other error. */
function reasonOf(error: unknown): string {
  return error instanceof FloodmarkError ? error.message : 'not ready'
}

/** A provider may make its answer of what a request has in it. @throws FloodmarkError 'unavailable' where it cannot be sent. */
function sendable({ path, provider: { name } }: Route, reply: Reply): Reply {
  const trouble = troubleWith(reply)
  if (!trouble) return reply
  throw new FloodmarkError('unavailable', `route ${path}: the provider ${name} answers with ${trouble}`)
}

/** An event's id is `source:id`: two events could have the same one if a source had a colon. */
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

function acceptedBy({ provider: { acceptedStatus = 200 } }: Route): Reply {
  return { 200: ACCEPTED, 202: QUEUED, 204: NO_CONTENT }[acceptedStatus]
}

/** The answer to a sender that asks whether it may send. It may send no more than the least of what is known. */
function preflightOf(
  { provider, rate }: Route,
  source: RequestSource | undefined,
  ceilingPerS = Number.POSITIVE_INFINITY,
): Reply {
  const perS = Math.min(ceilingPerS, ...[rate?.all, rate?.each].flatMap((one) => one?.perS ?? []))
  const header = (name: string) => {
    const value = source?.headers[name]
    return typeof value === 'string' ? value : value?.join(', ')
  }
  return provider.preflight!(header, Number.isFinite(perS) ? Math.max(1, Math.floor(perS * 60)) : undefined)
}

/** What the sender may know of an error: enough to decide whether to retry, nothing that helps to forge. */
function replyTo(error: unknown): Reply {
  const code = error instanceof FloodmarkError ? error.code : 'unavailable'
  if (error instanceof FloodmarkError && error.reason === 'format') return UNSUPPORTED
  if (code === 'bad-signature') return { status: 401, reason: 'unauthorized' }
  if (code === 'bad-request') return { status: 400, reason: 'bad request' }
  if (code === 'too-large') return { status: 413, reason: 'too large' }
  return UNAVAILABLE
}

/** Providers take the event's own id where they find no key. */
function isUnkeyed({ id, key, source }: WebhookEvent): boolean {
  return id.length === source.length + 1 + key.length && id.endsWith(key)
}
