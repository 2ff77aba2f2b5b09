/** What to tell the sender. Only a status below 300 from `handle` means that the event is safe, or that it was none. */
export interface Reply {
  readonly status: number
  /** A word or two for the response body; never names a secret, a signature or an internal. */
  readonly reason: string
  /** Sent as Retry-After, in seconds. */
  readonly retryAfterS?: number
  /** Sent beside those of every answer; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** Default: text/plain. */
  readonly contentType?: string
  /** Sent as the body instead of `reason`. */
  readonly body?: string
}
