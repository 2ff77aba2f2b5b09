/** Why a request was refused. What there is to look at differs: the clock, the secret, a proxy, a limit, an encoding. */
export const REFUSAL_REASONS = [
  'missing', // no signature, or no header that it is made with
  'malformed', // a signature, or a time beside it, that is not well-formed
  'stale', // signed longer ago than its provider allows, by our clock
  'ahead', // signed later than now, by our clock
  'mismatch', // a well-formed signature under none of the route's secrets
  'unknown-key', // signed by a key whose id none of the route's keys has
  'unreadable', // genuine, or not to be told, but no event can be made of it
  'too-large', // beyond the limit of the receiver, the route or the queue
  'format', // a content type that its provider does not take
  'coding', // a content or transfer coding that is not taken here
  'head', // more headers than allowed, two hosts, or a request line that is not well-formed
  'slow', // not whole within its time
  'stopping', // not whole yet when the receiver stopped
  'method', // not POST
  'no-route', // a path that no route has
  'address', // the route does not allow its sender's address
  'rate', // more than the route, or its sender, may send
  'busy', // more in progress, or held, than allowed
  'full', // the queue has no room for it, or takes no more for now
  'unavailable', // it could not be stored
] as const
export type RefusalReason = (typeof REFUSAL_REASONS)[number]

/** One that was refused, and how many like it. */
export interface RefusedRequest {
  /** The route's path; of a request for none, the path that was asked for. */
  readonly path: string
  /** undefined where there is no route. */
  readonly source: string | undefined
  readonly status: number
  readonly reason: RefusalReason
  /** What was wrong with this one, without a secret and without a signature. */
  readonly message: string
  /** So many had its route and reason since one was last told, this one included. */
  readonly count: number
  /** What its route accepted since the start. */
  readonly accepted: number
}

/** By the route's path, and by reason; '*' stands for the paths that no route has. */
export type RefusalCounts = Readonly<Record<string, Readonly<Partial<Record<RefusalReason, number>>>>>
