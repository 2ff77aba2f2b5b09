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
