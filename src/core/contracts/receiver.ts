import type { Clock } from './clock.ts'
import type { Incoming } from './incoming.ts'
import type { Route, RouteSecret } from './provider.ts'
import type { RefusalCounts } from './refusal.ts'
import type { Reply } from './reply.ts'

/** Checks a request against its route's secrets. Resolves when genuine, else rejects as Provider.verify throws. */
export type Verify = (route: Route, request: Incoming) => Promise<void>

export interface IngestCounts {
  /** Events that were stored. */
  readonly accepted: number
  /** Events in which the provider found no ordering key: each is in order with nothing but itself. */
  readonly unkeyed: number
  /** Genuine requests that were refused with 400 for what is in them: their sender means events that cannot be read. */
  readonly unreadable: number
  /** Every request that was refused, also by the receiver itself. */
  readonly refused: RefusalCounts
}

/** Where a request comes from: node's own request is one. */
export interface RequestSource {
  readonly socket: { readonly remoteAddress?: string | undefined }
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** Everything between bytes and a status code; no receiver has any other logic. */
export interface Ingest {
  /** Every route, for a receiver that verifies elsewhere. */
  readonly routes: readonly Route[]
  /** Those of a route as they are now, some of which may have ended. */
  secretsOf(route: Route): readonly RouteSecret[]
  /**
   * Replaces the secrets of every route with that source. When it resolves, all that comes is judged by the new ones, in
   * other threads too; what came before is judged by either. Calls may overlap: the last one counts.
   * @throws FloodmarkError 'misuse' where no route has that source or no secret would serve now; nothing is changed then.
   */
  rotateSecrets(source: string, secrets: readonly RouteSecret[]): Promise<void>
  /** For a receiver that verifies elsewhere: called with each change, which resolves when `listener` has, for every route. */
  onRotation(listener: (route: Route) => Promise<void>): void
  /** Since the start. */
  readonly counts: IngestCounts
  /**
   * Judges the request line and where it comes from, before any byte of the body is read.
   * undefined: read the body and call `handle`. A reply: send it (404, 405, /healthz, /readyz). A promise comes to one of both.
   */
  admit(method: string, url: string, source?: RequestSource): Reply | Promise<Reply | undefined> | undefined
  /** Takes the complete request. Never rejects. `verify` replaces the provider's own, for verification in other threads. */
  handle(request: Incoming, verify?: Verify): Promise<Reply>
  /** After so many seconds one should come again that is refused because so many requests are in progress. */
  retryAfterS(inFlight: number): number
  /** What is sent for a reply of replies.ts, by which the receiver itself refuses: a route may have another, or tell the reason. */
  replyFor(url: string, reply: Reply): Reply
  /** Counts one that the receiver itself refuses, by a reply of replies.ts. */
  refused(url: string, reply: Reply): void
}

/** A port that another process has opened and holds: what node's `server.listen` takes in place of a port. */
export type ListenHandle = object

/** What TLS shows and asks for, as PEM. */
export interface TlsMaterial {
  /** The certificate, and those between it and a root. */
  readonly cert: string
  readonly key: string
  /** Only senders with a certificate under this authority are let in. */
  readonly ca?: string
}

/** The material as it is now, and as it changes. */
export interface TlsSource {
  readonly material: TlsMaterial
  /** Calls back with each later material. Connections that are open keep theirs. */
  onChange(listener: (material: TlsMaterial) => void): void
}

export interface ReceiverOptions {
  /** Absent: plain HTTP, for a proxy that ends TLS. */
  readonly tls?: TlsSource
  /** Listen on this in place of `host` and `port`. */
  readonly handle?: ListenHandle
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
  /** A body of more bytes gets 413 before it is buffered. */
  readonly bodyBytesMax: number
  /** Bytes of all bodies together that came, in part or whole, and wait for their answer. A body beyond gets 503 with Retry-After. Bodies above 64 KiB share three quarters. */
  readonly heldBytesMax: number
  /** Complete requests beyond this many in progress get 503 with Retry-After at once. */
  readonly inFlightMax: number
  /** Connections beyond this many are closed as they come. */
  readonly connectionsMax: number
  /** A request whose headers and body are not in within so many ms gets 408. */
  readonly requestMs: number
  /** An idle kept-alive connection is closed after so many ms. */
  readonly keepAliveMs: number
  readonly clock: Clock
  readonly ingest: Ingest
}

export interface RunningReceiver {
  readonly port: number
  /** Stops accepting, answers requests in progress, resolves when every connection is closed. Twice is fine. */
  stop(): Promise<void>
}

/**
 * What every file in receivers/ exports by default. Resolves when the port is listening.
 * @throws FloodmarkError 'unavailable' when the port is taken or may not be opened.
 */
export type Receiver = (options: ReceiverOptions) => Promise<RunningReceiver>
