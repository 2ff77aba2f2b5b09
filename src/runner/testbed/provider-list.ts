import type { IncomingMessage, ServerResponse } from 'node:http'
import { hash32 } from '../../core/contracts/random.ts'
import { type Arrival, arrivals, type Load } from '../plan/arrivals.ts'
import { type Making, signedEvent } from '../plan/make-event.ts'
import { preciseNow } from '../processes/precise-now.ts'
import type { ListRecord } from '../records/facts.ts'
import type { SendingRoute } from '../scenario/sending-route.ts'

/** What the client reads. `body` is base64. */
export interface ListedPage {
  readonly events: readonly {
    readonly createdAtMs: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }[]
  readonly next?: string
}

export const listPath = (source: string) => `/events/${source}`

/** An event is listed up to this long after it was created, ms: lists are read from copies that lag. */
const VISIBLE_AFTER_MS_MAX = 1_500
const PAGE_EVENTS = 100
/** One request in so many is answered with 503. */
const UNAVAILABLE_IN = 7

/** The list API of every provider of a run: all events that they made until now, sent or not. */
export class ProviderList {
  readonly #making: Making
  readonly #routes: ReadonlyMap<string, SendingRoute>
  readonly #plan: Iterator<Readonly<Arrival>>
  readonly #created: ReadonlyMap<string, Arrival[]>
  readonly #sources: readonly string[]
  #next: Arrival | undefined
  #startAtMs = Number.POSITIVE_INFINITY
  #startedAtEpochMs = Number.NaN
  #endAtMs = Number.POSITIVE_INFINITY
  #requests = 0
  #unavailable = 0
  #listed = 0

  /** `routes` by position in the scenario's mix, each with its source. */
  constructor(making: Making, load: Load, routes: readonly (SendingRoute & { readonly source: string })[]) {
    this.#making = making
    this.#sources = routes.map(({ source }) => source)
    this.#routes = new Map(routes.map((route) => [listPath(route.source), route]))
    this.#created = new Map(routes.map(({ source }) => [listPath(source), []]))
    this.#plan = arrivals(load)
    this.#draw()
  }

  get record(): ListRecord {
    return { requests: this.#requests, unavailable: this.#unavailable, listed: this.#listed }
  }

  /** From then on, by the run's clock and by the wall clock, events are created as the plan says. */
  begin(startAtMs: number, startedAtEpochMs: number): void {
    this.#startAtMs = startAtMs
    this.#startedAtEpochMs = startedAtEpochMs
  }

  /** No event is created any more. */
  end(): void {
    this.#endAtMs = Math.min(this.#endAtMs, preciseNow())
  }

  /** False: this request is not the list's. */
  answer({ url = '' }: IncomingMessage, response: ServerResponse): boolean {
    const { pathname, searchParams } = new URL(url, 'http://list')
    const route = this.#routes.get(pathname)
    if (!route) return false
    if (++this.#requests % UNAVAILABLE_IN === 0) {
      this.#unavailable++
      response.writeHead(503).end()
      return true
    }
    const since = Number(searchParams.get('since') ?? 0)
    const after = Number(searchParams.get('after') ?? -1)
    const page = this.#page(pathname, route, since, after)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page))
    return true
  }

  #page(path: string, route: SendingRoute, sinceMs: number, after: number): ListedPage {
    const nowMs = preciseNow()
    this.#create(Math.min(nowMs, this.#endAtMs) - this.#startAtMs)
    const { seed } = this.#making
    const visible = this.#created.get(path)!.filter(({ seq, intendedMs }) => {
      if (seq <= after || this.#startedAtEpochMs + intendedMs < sinceMs) return false
      return this.#startAtMs + intendedMs + (hash32(hash32(seed, 127), seq) % VISIBLE_AFTER_MS_MAX) <= nowMs
    })
    const events = visible.slice(0, PAGE_EVENTS).map((arrival) => {
      const createdAtMs = this.#startedAtEpochMs + arrival.intendedMs
      const { headers, body } = signedEvent(this.#making, route, arrival, { host: 'list', atMs: createdAtMs })
      const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
      return { createdAtMs, headers: Object.fromEntries(lower), body: Buffer.from(body).toString('base64') }
    })
    this.#listed += events.length
    return visible.length > PAGE_EVENTS ? { events, next: String(visible[PAGE_EVENTS - 1]!.seq) } : { events }
  }

  #create(untilMs: number): void {
    for (; this.#next && this.#next.intendedMs <= untilMs; this.#draw()) {
      this.#created.get(listPath(this.#sources[this.#next.provider]!))!.push(this.#next)
    }
  }

  #draw(): void {
    const { value, done } = this.#plan.next()
    this.#next = done ? undefined : { ...value }
  }
}
