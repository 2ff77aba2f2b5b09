import { type Backoff, backoffMs } from '../base/backoff.ts'
import { DIGEST_HEADER, NOT_COMPARED } from '../base/copy-digest.ts'
import { type Clock, sleep } from '../contracts/clock.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { WebhookEvent } from '../contracts/event.ts'
import { MARK_TTL_MS } from '../contracts/ledger.ts'
import type { Route } from '../contracts/provider.ts'
import type { Random } from '../contracts/random.ts'
import { toEvents } from '../receiving/to-events.ts'

/** An event as a provider's list API gives it: what its webhook would have brought. Genuine, since the API is asked over TLS. */
export interface ListedEvent {
  readonly createdAtMs: number
  /** The headers, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** A provider's list of the events that it made: Stripe's `GET /v1/events`, GitHub's deliveries of a hook, … */
export interface EventList {
  /** The way in that the same events take as webhooks. */
  readonly route: Route
  /** Events created at `sinceMs` or later, the oldest first; `after`: the `next` of the page before. */
  page(sinceMs: number, after: string | undefined, signal: AbortSignal): Promise<ListPage>
}

export interface ListPage {
  readonly events: readonly ListedEvent[]
  /** undefined: this is the last page. */
  readonly next: string | undefined
}

/** Times in ms. */
export const RECONCILER_DEFAULTS = {
  everyMs: 60_000,
  /** The last part of what was seen is read again, because lists show events late and not in order. */
  overlapMs: 300_000,
  /** Younger events are left alone: their webhook is on its way. */
  youngestMs: 5_000,
  /** Nothing older is read, after a start as after an outage. Well below the time for which the ledger remembers ids. */
  horizonMs: 24 * 3_600_000,
  /** `traits.ttlMs` of the ledger that the events are processed into. */
  ledgerTtlMs: MARK_TTL_MS,
  publishesPerS: 500,
  backoff: { baseMs: 1_000, capMs: 60_000 } as Backoff,
} as const

export interface ReconcilerOptions {
  readonly lists: readonly EventList[]
  /** Stores an event as its webhook's receiver does. */
  readonly publish: (event: WebhookEvent) => Promise<void>
  readonly clock: Clock
  readonly random: Random
  readonly onError: (error: unknown) => void
  readonly everyMs?: number
  readonly overlapMs?: number
  readonly youngestMs?: number
  readonly horizonMs?: number
  readonly ledgerTtlMs?: number
  readonly publishesPerS?: number
  readonly backoff?: Backoff
}

export interface Reconciler {
  /** Resolves when nothing is under way any more. Twice is fine. */
  stop(): Promise<void>
}

/** Ids that are remembered, so as not to be published again with each overlap. Forgetting one costs a publish. */
const SEEN_MAX = 100_000

/**
 * Finds events whose webhook never came: reads the providers' lists and publishes what they hold, under the ids that the
 * webhooks carry, so that the ledger absorbs what came by itself. One a deployment. It keeps no cursor on disk: after a
 * start it reads from the horizon on, which is harmless as long as the ledger remembers.
 * @throws FloodmarkError 'misuse' when the horizon is beyond the ledger's memory: old events would take effect again.
 */
export function startReconciler(options: ReconcilerOptions): Reconciler {
  const { horizonMs, overlapMs, ledgerTtlMs } = { ...RECONCILER_DEFAULTS, ...options }
  if (horizonMs + overlapMs >= ledgerTtlMs) {
    const what = `the ledger remembers ids for ${ledgerTtlMs} ms`
    throw new FloodmarkError('misuse', `${what}: horizonMs and overlapMs together must be less`)
  }
  const abort = new AbortController()
  const done = Promise.all(options.lists.map((list) => new Follower(list, options, abort.signal).follow()))
  return {
    async stop() {
      abort.abort()
      await done
    },
  }
}

/** Follows one list. */
class Follower {
  readonly #list: EventList
  readonly #options: ReconcilerOptions & typeof RECONCILER_DEFAULTS
  readonly #signal: AbortSignal
  /** Events of the overlap that are safe, and when they were created. */
  readonly #seen = new Map<string, number>()
  #newestMs = Number.NEGATIVE_INFINITY

  constructor(list: EventList, options: ReconcilerOptions, signal: AbortSignal) {
    this.#list = list
    this.#options = { ...RECONCILER_DEFAULTS, ...(options as ReconcilerOptions & typeof RECONCILER_DEFAULTS) }
    this.#signal = signal
  }

  async follow(): Promise<void> {
    const { clock, random, everyMs, backoff, onError } = this.#options
    let failures = 0
    while (!this.#signal.aborted) {
      const startedMs = clock.monotonic()
      try {
        await this.#poll()
        failures = 0
      } catch (error) {
        if (this.#signal.aborted) return
        failures++
        onError(error)
      }
      const spentMs = clock.monotonic() - startedMs
      const waitMs = failures > 0 ? backoffMs(failures, backoff, random) : Math.max(0, everyMs - spentMs)
      await sleep(clock, waitMs, this.#signal)
    }
  }

  async #poll(): Promise<void> {
    const { clock, overlapMs, horizonMs, youngestMs } = this.#options
    const sinceMs = Math.max(this.#newestMs - overlapMs, clock.now() - horizonMs)
    for (const [id, createdAtMs] of this.#seen) if (createdAtMs < sinceMs) this.#seen.delete(id)
    let after: string | undefined
    do {
      const { events, next } = await this.#list.page(sinceMs, after, this.#signal)
      const oldEnough = events.filter(({ createdAtMs }) => createdAtMs <= clock.now() - youngestMs)
      await this.#take(oldEnough)
      for (const { createdAtMs } of oldEnough) this.#newestMs = Math.max(this.#newestMs, createdAtMs)
      after = oldEnough.length < events.length ? undefined : next
    } while (after !== undefined && !this.#signal.aborted)
  }

  /** Publishes events that were not published yet, and rests as long as the rate asks for. */
  async #take(listed: readonly ListedEvent[]): Promise<void> {
    const { clock, publishesPerS } = this.#options
    const fresh: { readonly event: WebhookEvent; readonly createdAtMs: number }[] = []
    for (const one of listed) {
      const events = this.#eventsOf(one).filter(({ id }) => !this.#seen.has(id))
      fresh.push(...events.map((event) => ({ event, createdAtMs: one.createdAtMs })))
    }
    const stored = await Promise.allSettled(fresh.map(({ event }) => this.#options.publish(event)))
    let failure: unknown
    for (const [at, one] of stored.entries()) {
      const { event, createdAtMs } = fresh[at]!
      if (one.status === 'fulfilled' || this.#isHopeless(one.reason)) this.#remember(event.id, createdAtMs)
      else failure ??= one.reason
    }
    if (failure !== undefined) throw failure
    await sleep(clock, (fresh.length * 1_000) / publishesPerS, this.#signal)
  }

  /**
   * The same events, by the same rules, as if its webhook had come. A list may write the body otherwise than the webhook, so
   * that is not compared. None where it cannot be understood: nor could that be.
   */
  #eventsOf({ headers, body }: ListedEvent): WebhookEvent[] {
    const { route } = this.#list
    const header = (name: string) => (Object.hasOwn(headers, name) ? headers[name] : undefined)
    try {
      const events = toEvents(route, { url: route.path, header, raw: body, receivedAtMs: this.#options.clock.now() })
      return events.map((event) => ({ ...event, headers: { ...event.headers, [DIGEST_HEADER]: NOT_COMPARED } }))
    } catch (error) {
      this.#options.onError(error)
      return []
    }
  }

  #isHopeless(error: unknown): boolean {
    if (!(error instanceof FloodmarkError) || error.code !== 'too-large') return false
    this.#options.onError(error)
    return true
  }

  #remember(id: string, createdAtMs: number): void {
    this.#seen.set(id, createdAtMs)
    if (this.#seen.size > SEEN_MAX) this.#seen.delete(this.#seen.keys().next().value!)
  }
}
