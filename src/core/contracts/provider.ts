import type { KeyObject } from 'node:crypto'
import type { Incoming } from './incoming.ts'
import type { Random } from './random.ts'
import type { RefusalReason } from './refusal.ts'
import type { Reply } from './reply.ts'

/** An imported key: a raw key would be imported again on every call (13 µs against 2.5 µs for an HMAC of 1 kB). */
export type Secret = KeyObject

/** How a provider tries again. */
export interface RetryPolicy {
  readonly attemptsMax: number
  /** The sender gives an attempt up after so many ms. */
  readonly timeoutMs: number
  /** Wait before attempt n (n from 2), ms. */
  readonly waitMs: (attempt: number, random: Random) => number
  /** It may send for so many ms after the first attempt, where it says so. Default: what waits and timeouts add up to. */
  readonly resendsForMs?: number
  /** Statuses that it takes for a final no, so that it does not try again. Default: none. */
  readonly stopsOn?: readonly number[]
  /** 'connection': it tries again only where it could not connect; any answer, and none in time, is final. Default: any failure. */
  readonly retriesOn?: 'connection'
  /** Lower-case name of a header, x-…, by whose value 1 an answer asks it not to try again. Default: there is none. */
  readonly noRetryHeader?: `x-${string}`
  /** Whether a Retry-After of the receiver makes it wait longer. Default: no. */
  readonly honoursRetryAfter?: boolean
  /** When it stops sending to an endpoint altogether: after failing for so long without a break, or so often in a row. Default: never. */
  readonly disables?: { readonly afterMs: number } | { readonly afterFailures: number }
  /** True where the provider does not publish it. */
  readonly model: boolean
}

/** What a sample is made for: the ids that the plan chose. Both are short, of [0-9a-z_-] only. */
export interface SampleOptions {
  /** The sender's own id of the event; `identify` must find it again (a provider may put a prefix before it). */
  readonly id: string
  /** The ordering key; `identify` must find it again (a provider may put a prefix before it). */
  readonly key: string
}

/** Who an event is. */
export interface Identity {
  readonly id: string
  readonly key: string
  readonly type: string
  /** Where the sender counts the events of a key, by one, in what it signs: this one's number, 0 or more. */
  readonly sequence?: number
  /**
   * Where the sender changes some of a body from copy to copy, or sends several events in one body: a CRC-32 of what an event's
   * copies have in common (digestOfParts). Absent: that of the whole body.
   */
  readonly digest?: number
}

/** What a sender knows when it signs. */
export interface SignOptions {
  /** `id` and `type` as in the sample. */
  readonly id: string
  readonly type: string
  /** When it is sent, ms since the Unix epoch. */
  readonly atMs: number
  /** The whole address, for those that sign it: 'http://127.0.0.1:8080/webhooks/twilio'. */
  readonly url?: string
  /** The id of the key, for those that name it. */
  readonly keyId?: string
}

/** What a provider says of the addresses that it sends from, and when it was looked up, YYYY-MM-DD. */
export interface PublishedAddresses {
  readonly asOf: string
  readonly source: string
  readonly ranges: readonly string[]
}

/** One sender of webhooks: how it signs, names and retries. Every file in providers/ exports one by default. */
export interface Provider {
  readonly name: string
  /** `import.meta.url` of the file: a worker thread loads the same provider by it. '': none can, and it verifies where it is. */
  readonly module: string
  /** Lower-case names of the headers that `verify` reads. They carry signatures: never stored, never logged. */
  readonly signatureHeaders: readonly string[]
  /** Lower-case names of further headers worth keeping with the event (`identify` may read them). */
  readonly contextHeaders: readonly string[]
  /** A signed time that is so many ms old is refused. Absent: no time is signed, or any is taken. */
  readonly staleAfterMs?: number
  /** The addresses that it says it sends from. They change: see `asOf`. */
  readonly publishedAddresses?: PublishedAddresses
  /** The longest body that it sends, where it says so. */
  readonly bodyBytesMax?: number
  /** Its signatures may also be verified with the Ed25519 keys of a JWKS. */
  readonly takesJwks?: true
  /** Default: application/json, and then a body that is not JSON is refused however well it is signed. */
  readonly contentType?: string
  /** The status for an event taken. Default: 200; 204, without a body, where the sender wants that or would read the body. */
  readonly acceptedStatus?: 200 | 202 | 204
  /**
   * Imports the secret as the provider hands it out.
   * @throws FloodmarkError 'misuse' when empty, with white space around it, too short, a placeholder or malformed (`secretText`
   *   in receiving/signature.ts is the rule); never quotes it.
   */
  secret(text: string): Secret
  /** Accepts any of the secrets (rotation). @throws FloodmarkError 'bad-signature' or 'bad-request', without detail of the secret. */
  verify(request: Incoming, secrets: readonly Secret[]): void
  /**
   * A pair of secrets for a run, as `secret` reads them: what the sender signs with and what the receiver verifies with.
   * Absent: any text serves both sides.
   */
  newSecret?(): { readonly signing: string; readonly verifying: string }
  /** The body as it is sent, where the signature lies in the body itself. Before `sign`. */
  seal?(body: Uint8Array, secret: Secret, options: SignOptions): Uint8Array
  /** The headers that the sender adds; the load generator signs with it. */
  sign(body: Uint8Array, secret: Secret, options: SignOptions): Record<string, string>
  /**
   * id, key and type from headers and, only where the provider puts them there, the body: from the bytes that were verified.
   * JSON is read as JSON.parse reads it: of a member given twice the last one counts, also for the effect.
   * @throws FloodmarkError 'bad-request', also where the provider sends JSON and the body is not.
   */
  identify(request: Incoming): Identity
  /** Where one request may carry several events: all of them, in order, each with an id of its own. Replaces `identify`. */
  identifyAll?(request: Incoming): readonly Identity[]
  /** Set-up exchanges that are no events (Slack's url_verification, Discord's PING); undefined for an event. */
  handshake?(request: Incoming): Reply | undefined
  /**
   * Answers OPTIONS, by which a sender asks whether it may send here, and how much. `perMinute`: the requests that are known to
   * hold; undefined where nobody set or measured any. Absent: 405.
   */
  preflight?(header: Incoming['header'], perMinute: number | undefined): Reply
  /** Timeout, attempts and waits as the provider documents them; `model: true` where it does not. */
  readonly delivery: RetryPolicy
  /** A body of realistic shape and size, made from the random stream alone. */
  sample(random: Random, options: SampleOptions): { readonly type: string; readonly body: Uint8Array }
}

/** A secret that ends: a request that came after `untilMs`, ms since the Unix epoch, is refused under it. */
export interface EndingSecret {
  readonly secret: Secret
  readonly untilMs: number
}
export type RouteSecret = Secret | EndingSecret

/** So many requests a second, and so many at once after a rest (default: those of a second). */
export interface RouteRate {
  readonly perS: number
  readonly burst?: number
}

/** What an answer of a route has in place of the usual. */
export type RouteReply = Partial<Pick<Reply, 'status' | 'headers' | 'contentType' | 'body'>>

/** A path, the provider that sends there, and the secrets that prove it. */
export interface Route {
  /** The exact path, without query: '/webhooks/razorpay'. */
  readonly path: string
  /** Event.source; usually the provider's name. */
  readonly source: string
  readonly provider: Provider
  /** At least one secret; a request may be signed with any. They are those of the start: Ingest.rotateSecrets changes them. */
  readonly secrets: readonly RouteSecret[]
  /**
   * Bodies in gzip or deflate are taken, and stored as they are once decoded. 'after-signing': the sender, or something on
   * the way, compresses what was signed. 'before-signing': what is signed is the compressed body. Default: they get 415.
   */
  readonly compressed?: 'after-signing' | 'before-signing'
  /** A longer body gets 413. Default: the receiver's own limit, which holds in any case. */
  readonly bodyBytesMax?: number
  /** Requests are taken only from these addresses or ranges; 'published' stands for what the provider publishes. Default: from any. */
  readonly allowFrom?: readonly string[]
  /** More gets 429 with Retry-After: of `all` senders together, and of `each` address, or /64 of IPv6. Default: as much as comes. */
  readonly rate?: { readonly all?: RouteRate; readonly each?: RouteRate }
  /**
   * Other answers than the usual ones: that for an event taken has a status from 200, those of refusals from 400 on. 'no-route',
   * 'head', 'slow' and 'stopping' have none: those requests are refused before the route is asked.
   * `duplicate`: that for a copy of an event that took effect, or was given up. It has a status from 200, or 409. Where it is given,
   * the ledger is asked before each event is stored.
   */
  readonly replies?: Partial<Record<'accepted' | 'duplicate' | RefusalReason, RouteReply>>
  /** Refusals say their reason, one word of RefusalReason. It helps whoever sets a sender up. Default: they say less. */
  readonly tellsReasons?: boolean
  /** The whole address by which the sender calls it, where a proxy has another path or host before it. Default: as it came. */
  readonly address?: string
}
