import type { WebhookEvent } from './event.ts'
import type { RefusedRequest } from './refusal.ts'

/**
 * Told of what a service does, as it does it, for whoever makes metrics or traces of it. Called in the middle of the work: it
 * must be quick and must not throw.
 */
export interface Observer {
  /** A complete request for a route has its answer. */
  answered?(answer: AnsweredRequest): void
  /** A request is refused, also one that named no route. IngestCounts has the sums. */
  refused?(request: Pick<RefusedRequest, 'source' | 'status' | 'reason'> & { readonly path: string }): void
  /** A try of an event is stored for good, or a copy of a settled event was absorbed. With several effects, each of them. */
  settled?(settled: SettledTry): void
}

export interface AnsweredRequest {
  /** The route's. */
  readonly path: string
  readonly source: string
  readonly status: number
  readonly bodyBytes: number
  /** From the request's last byte to its answer. */
  readonly tookMs: number
}

export interface SettledTry {
  /** As it came; its id has the effect's name behind it where there are several. */
  readonly event: WebhookEvent
  readonly result: 'applied' | 'failed' | 'buried' | 'absorbed'
  /** Since its request was complete, by the clocks of two processes where those are two. */
  readonly ageMs: number
}
