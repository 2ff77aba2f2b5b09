import { oneLine } from '../base/one-line.ts'
import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'
import type { Observer } from '../contracts/observer.ts'
import type { Route } from '../contracts/provider.ts'
import type { RefusalReason, RefusedRequest } from '../contracts/refusal.ts'
import type { Reply } from '../contracts/reply.ts'
import { STOPPING } from './replies.ts'
import { replyOf } from './route-replies.ts'

/** The first refusal of a route and a reason is told, and then no more than one in so many ms. */
const TELL_MS = 60_000
/** The pace is measured over so long at least, and what was longer ago says nothing of it. */
const PACE_MS = 1_000
const PACE_KNOWN_MS = 60_000
/** A path that was asked for is its sender's: no more of it is told. */
const PATH_CHARS_MAX = 80
/** What no route has. */
const ELSEWHERE = '*'

interface ToldOf {
  sinceTold: number
  toldAtMs: number
}

/** Counts refused requests by route and reason, and tells of them now and then. */
export class Refusals {
  readonly counts: Record<string, Partial<Record<RefusalReason, number>>> = {}
  acceptedTotal = 0
  readonly #accepted = new Map<Route, number>()
  readonly #told = new Map<string, ToldOf>()
  #pace = { atMs: Number.NEGATIVE_INFINITY, accepted: 0, perS: 0 }
  readonly #observer: Observer | undefined
  readonly #clock: Clock
  readonly #onRefused: ((refusal: RefusedRequest) => void) | undefined

  constructor(
    clock: Clock,
    onRefused: ((refusal: RefusedRequest) => void) | undefined,
    observer: Observer | undefined,
  ) {
    this.#observer = observer
    this.#clock = clock
    this.#onRefused = onRefused
  }

  accepted(route: Route, events: number): void {
    this.acceptedTotal += events
    this.#accepted.set(route, (this.#accepted.get(route) ?? 0) + 1)
  }

  /** The recent rate, counted since somebody asked before; 0 where it is not known. */
  acceptedPerS(): number {
    const atMs = this.#clock.monotonic()
    const forMs = atMs - this.#pace.atMs
    if (forMs < PACE_MS) return this.#pace.perS
    const perS = forMs > PACE_KNOWN_MS ? 0 : ((this.acceptedTotal - this.#pace.accepted) / forMs) * 1_000
    this.#pace = { atMs, accepted: this.acceptedTotal, perS }
    return perS
  }

  /** One that is refused by its head, or by what is in progress. `route`: the path alone where there is none. */
  said(route: Route | string, reply: Reply): Reply {
    this.#refused(route, reply.status, reasonOfReply(reply), reply.reason)
    return reply
  }

  /** One that is refused because of who sends, or how much. A route may answer otherwise. */
  guarded(route: Route, reply: Reply): Reply {
    return answerOf(route, this.said(route, reply))
  }

  /** What an error makes of a request. One of our own failing is told elsewhere. */
  failed(route: Route, status: number, error: unknown): RefusalReason {
    const reason = reasonOf(error)
    if (status === 503) this.#count(route, status, reason)
    else this.#refused(route, status, reason, messageOf(error))
    return reason
  }

  #count(route: Route | string, status: number, reason: RefusalReason): void {
    const { path: name, source } = typeof route === 'string' ? { path: ELSEWHERE, source: undefined } : route
    this.#observer?.refused?.({ path: name, source, status, reason })
    const ofRoute = this.counts[name] ?? {}
    ofRoute[reason] = (ofRoute[reason] ?? 0) + 1
    this.counts[name] = ofRoute
  }

  #refused(route: Route | string, status: number, reason: RefusalReason, message: string): void {
    const name = typeof route === 'string' ? ELSEWHERE : route.path
    this.#count(route, status, reason)
    if (!this.#onRefused) return
    const key = `${name} ${reason}`
    const told = this.#told.get(key) ?? { sinceTold: 0, toldAtMs: Number.NEGATIVE_INFINITY }
    this.#told.set(key, told)
    told.sinceTold++
    const nowMs = this.#clock.monotonic()
    if (nowMs - told.toldAtMs < TELL_MS) return
    const about =
      typeof route === 'string'
        ? { path: oneLine(route).slice(0, PATH_CHARS_MAX), source: undefined, accepted: 0 }
        : { path: route.path, source: route.source, accepted: this.#accepted.get(route) ?? 0 }
    this.#onRefused({ ...about, status, reason, message, count: told.sinceTold })
    told.sinceTold = 0
    told.toldAtMs = nowMs
  }
}

/** A refusal of the receiver's own as the route has it. */
export function answerOf(route: Route, reply: Reply): Reply {
  return replyOf(route, reasonOfReply(reply), reply)
}

function reasonOf(error: unknown): RefusalReason {
  if (!(error instanceof FloodmarkError)) return 'unavailable'
  if (error.reason !== undefined) return error.reason
  if (error.code === 'bad-signature') return 'malformed'
  if (error.code === 'bad-request') return 'unreadable'
  return error.code === 'too-large' ? 'too-large' : error.code === 'overloaded' ? 'full' : 'unavailable'
}

/** Why a receiver refused a request by itself. */
function reasonOfReply(reply: Reply): RefusalReason {
  if (reply === STOPPING) return 'stopping'
  const { status } = reply
  if (status === 413) return 'too-large'
  if (status === 415 || status === 501) return 'coding'
  if (status === 408) return 'slow'
  if (status === 404) return 'no-route'
  if (status === 405) return 'method'
  if (status === 403) return 'address'
  if (status === 429) return 'rate'
  return status === 503 ? 'busy' : 'head'
}
