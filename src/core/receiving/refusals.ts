import { oneLine } from '../base/one-line.ts'
import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'
import type { Route } from '../contracts/provider.ts'
import type { RefusalReason, RefusedRequest } from '../contracts/refusal.ts'
import type { Reply } from '../contracts/reply.ts'
import { replyOf } from './route-replies.ts'

/** Of a route and a reason, one is told at first, and then no more than one in so many ms. */
const TELL_MS = 60_000
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
  readonly #accepted = new Map<Route, number>()
  readonly #told = new Map<string, ToldOf>()
  readonly #clock: Clock
  readonly #onRefused: ((refusal: RefusedRequest) => void) | undefined

  constructor(clock: Clock, onRefused: ((refusal: RefusedRequest) => void) | undefined) {
    this.#clock = clock
    this.#onRefused = onRefused
  }

  accepted(route: Route): void {
    this.#accepted.set(route, (this.#accepted.get(route) ?? 0) + 1)
  }

  /** One that is refused by its head, or by what is in progress. `route`: the path alone where there is none. */
  said(route: Route | string, reply: Reply): Reply {
    this.#refused(route, reply.status, reasonOfReply(reply), reply.reason)
    return reply
  }

  /** One that is refused because of who sends, or how much. A route may answer otherwise. */
  guarded(route: Route, reply: Reply): Reply {
    return replyOf(route, reasonOfReply(reply), this.said(route, reply))
  }

  /** What an error makes of a request. One of our own failing is told elsewhere. */
  failed(route: Route, status: number, error: unknown): RefusalReason {
    const reason = reasonOf(error)
    if (status === 503) this.#count(route.path, reason)
    else this.#refused(route, status, reason, messageOf(error))
    return reason
  }

  #count(name: string, reason: RefusalReason): void {
    const ofRoute = this.counts[name] ?? {}
    ofRoute[reason] = (ofRoute[reason] ?? 0) + 1
    this.counts[name] = ofRoute
  }

  #refused(route: Route | string, status: number, reason: RefusalReason, message: string): void {
    const name = typeof route === 'string' ? ELSEWHERE : route.path
    this.#count(name, reason)
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

function reasonOf(error: unknown): RefusalReason {
  if (!(error instanceof FloodmarkError)) return 'unavailable'
  if (error.reason !== undefined) return error.reason
  if (error.code === 'bad-signature') return 'malformed'
  if (error.code === 'bad-request') return 'unreadable'
  return error.code === 'too-large' ? 'too-large' : error.code === 'overloaded' ? 'busy' : 'unavailable'
}

/** Why a receiver refused a request by itself. */
function reasonOfReply({ status }: Reply): RefusalReason {
  if (status === 413) return 'too-large'
  if (status === 415 || status === 501) return 'coding'
  if (status === 404) return 'no-route'
  if (status === 405) return 'method'
  if (status === 403) return 'address'
  if (status === 429) return 'rate'
  return status === 503 ? 'busy' : 'head'
}
