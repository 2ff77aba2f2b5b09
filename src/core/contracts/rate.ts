import type { RouteRate } from './provider.ts'

/** A limit of a route, of everything that it lets in. */
export interface SharedLimit extends Required<RouteRate> {
  /** Tells it from others: its route's path, and whose requests it limits. */
  readonly name: string
}

export interface RateGrant {
  /** So many requests may be let in. */
  readonly count: number
  /** Where that is less than what was asked for: one more may come after so many seconds. */
  readonly waitS: number
}

/** Where several processes keep one limit: what each may let in is granted by one for all. */
export interface RateGrants {
  readonly processes: number
  /** Asks for `want` requests of a sender. Rejects where nobody answers. */
  take(limit: SharedLimit, sender: string, want: number): Promise<RateGrant>
}
