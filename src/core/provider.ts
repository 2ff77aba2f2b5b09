import type { KeyObject } from 'node:crypto'
import type { Random } from './random.ts'
import type { Reply } from './receiver.ts'

/** A request as it came: `raw` is the exact bytes on the wire, `url` as the sender wrote it (Twilio signs it). */
export interface Incoming {
  readonly url: string
  /**
   * Value of a header by lower-case name; undefined when absent.
   * @throws FloodmarkError 'bad-request' when the request carries that header more than once.
   */
  readonly header: (name: string) => string | undefined
  readonly raw: Uint8Array
  /** When the request was complete, ms since the Unix epoch. */
  readonly receivedAtMs: number
}

/** An imported key: a raw key would be imported again on every call (13 µs against 2.5 µs for an HMAC of 1 kB). */
export type Secret = KeyObject

/** How a provider tries again. */
export interface RetryPolicy {
  readonly attemptsMax: number
  /** The sender gives an attempt up after this long, ms. */
  readonly timeoutMs: number
  /** Wait before attempt n (n from 2), ms. */
  readonly waitMs: (attempt: number, random: Random) => number
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

/** One sender of webhooks: how it signs, names and retries. Every file in providers/ exports one by default. */
export interface Provider {
  readonly name: string
  /** `import.meta.url` of the file: a worker thread loads the same provider by it. */
  readonly module: string
  /** Lower-case names of the headers that `verify` reads. They carry signatures: never stored, never logged. */
  readonly signatureHeaders: readonly string[]
  /** Lower-case names of further headers worth keeping with the event (`identify` may read them). */
  readonly contextHeaders: readonly string[]
  /** Imports the secret as the provider hands it out. @throws FloodmarkError 'misuse' when empty or malformed; never quotes it. */
  secret(text: string): Secret
  /** Accepts any of the secrets (rotation). @throws FloodmarkError 'bad-signature' or 'bad-request', without detail of the secret. */
  verify(request: Incoming, secrets: readonly Secret[]): void
  /** The headers that the sender adds; the load generator signs with it. `id` and `type` as in the sample. */
  sign(
    body: Uint8Array,
    secret: Secret,
    options: { readonly id: string; readonly type: string; readonly atMs: number },
  ): Record<string, string>
  /** id, key and type from headers and, only where the provider puts them there, the body. @throws FloodmarkError 'bad-request'. */
  identify(request: Incoming): { readonly id: string; readonly key: string; readonly type: string }
  /** Set-up exchanges that are no events (Slack's url_verification, Discord's PING); undefined for an event. */
  handshake?(request: Incoming): Reply | undefined
  /** Timeout, attempts and waits as the provider documents them; `model: true` where it does not. */
  readonly delivery: RetryPolicy
  /** A body of realistic shape and size, made from the random stream alone. */
  sample(random: Random, options: SampleOptions): { readonly type: string; readonly body: Uint8Array }
}

/** One way in: a path, who sends there, and the secrets that prove it. */
export interface Route {
  /** The exact path, without query: '/webhooks/razorpay'. */
  readonly path: string
  /** Event.source; usually the provider's name. */
  readonly source: string
  readonly provider: Provider
  /** At least one. The first is the current one, the others are still accepted. */
  readonly secrets: readonly Secret[]
}
