/** What to tell the sender. Only 200 and 204 from `handle` mean that the event is safe. */
export interface Reply {
  readonly status: 200 | 204 | 400 | 401 | 404 | 405 | 408 | 413 | 415 | 429 | 431 | 501 | 503
  /** A word or two for the response body; never names a secret, a signature or an internal. */
  readonly reason: string
  /** Sent as Retry-After, in seconds. */
  readonly retryAfterS?: number
  /** Sent beside those of every answer; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as the body instead of `reason`. */
  readonly body?: string
}
