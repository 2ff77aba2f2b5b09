/** One webhook, verified at the door. Immutable from here on. */
export interface WebhookEvent {
  /** `source:` + the sender's own delivery-independent id, 1-200 bytes. Two events with one id are the same event. */
  readonly id: string
  /** Ordering key, 1-128 bytes (an account, an order). Events of one source that share a key take effect in publish order. */
  readonly key: string
  /** The route's name it came in by: 'razorpay', 'github', … 1-64 bytes. */
  readonly source: string
  /** The sender's event type, 'unknown' when it names none. 1-128 bytes. */
  readonly type: string
  /** When the whole request was in, ms since the Unix epoch, by the receiver's clock. */
  readonly receivedAtMs: number
  /** Allow-listed request headers, lower case: what a person needs to understand a dead letter. Never secrets. */
  readonly headers: Readonly<Record<string, string>>
  /** The body exactly as it was signed; never parsed and re-serialised on the way. */
  readonly body: Uint8Array
}

/** The lane of an event. Events of one lane take effect in order. A key is its source's own and means nothing in another. */
export function laneOf({ source, key }: Pick<WebhookEvent, 'source' | 'key'>): string {
  return `${source}\0${key}`
}

/**
 * Limits of one event, in bytes of UTF-8 (body: in bytes). The codec and the door refuse what is beyond. Where an event has
 * several named effects, what is stored of one has an id of `<id>#<name>`: so much longer than any that comes in by the door.
 */
export const EVENT_LIMITS = {
  idBytesMax: 200,
  effectNameBytesMax: 32,
  storedIdBytesMax: 200 + 1 + 32,
  keyBytesMax: 128,
  sourceBytesMax: 64,
  typeBytesMax: 128,
  headersMax: 32,
  /** Room for the kit's own: which effect an event is for, its number, how long its mark is kept. */
  storedHeadersMax: 32 + 8,
  headerNameBytesMax: 128,
  headerValueBytesMax: 4_096,
  /** Room for the longest bodies that are known, GitHub's of 25 MiB. A queue may take less. */
  bodyBytesMax: 26 * 1024 * 1024,
} as const
