/** Memory for a body that grows as it is decoded. */
export interface BodyRoom {
  /** The most that a body may have. */
  readonly bytesMax: number
  /** Counts so many bytes until the answer. False: there is no room for them, answer 503. */
  hold(bytes: number): boolean
}

/** A request as it came: `raw` is the exact bytes on the wire, `url` is path and query as the sender wrote them (Twilio signs them). */
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
  /** That of the route's address. Absent: nobody said it, and a proxy may have ended TLS. */
  readonly scheme?: 'https' | 'http'
  /** Absent: its body cannot be decoded. */
  readonly room?: BodyRoom
}
