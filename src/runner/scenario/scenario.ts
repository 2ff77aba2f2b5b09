import type { PlannedFault } from '../faults/index.ts'

/** Events that are processed once more beside the live traffic, from `at` (0-1 of the duration) on, at so many a second. */
export type PlannedReplay = { readonly at: number; readonly ratePerS: number } & (
  | {
      /** The processor puts those that faults of this kind buried back on its queue. They are to have taken effect in the end. */
      readonly of: 'dead-letters'
      readonly buriedBy: PlannedFault['what']
    }
  | {
      /**
       * Senders send the events of the run's first part (0-1) again: half signed anew, as by a provider's resend button, half as
       * they were recorded, a day old. They are no attempts of the plan.
       */
      readonly of: 'recorded'
      readonly first: number
    }
)

export const ATTACK_KINDS = ['forged', 'stale', 'oversized', 'slow', 'malformed'] as const

/**
 * Senders of requests that no provider sends, beside the good traffic: wrong signatures; right ones that are too old; bodies above the
 * limit; a byte a second, or answers that nobody reads; bytes that are not HTTP, or not a request that a provider makes.
 */
export interface Attack {
  readonly kind: (typeof ATTACK_KINDS)[number]
  /** When it begins, 0-1 of the duration; it ends after forMs, or with the run. */
  readonly at: number
  readonly forMs: number
  /** Requests per second, as a multiple of the base rate. 'slow' opens so many connections, until there are `connections` of them. */
  readonly times: number
  /** The most connections open at once. Default: 64. */
  readonly connections?: number
}

export const DRIFT_KINDS = ['renamed', 'added', 'missing', 'newVersion', 'unknownType'] as const
export type DriftKind = (typeof DRIFT_KINDS)[number]

/** A scenario is data: what arrives, how senders behave, some bad luck, and a pass mark. Pure: one seed, one plan. */
export interface Scenario {
  readonly name: string
  /** One sentence: the question this scenario answers. */
  readonly question: string
  readonly durationMs: number
  /** Duration of a shorter run that keeps the scenario's meaning. */
  readonly quickMs: number
  /** Events per second at `at` (0-1 of the duration), as a multiple of the base rate; arrivals are Poisson around it. */
  readonly shape: (at: number) => number
  /** Names for stretches of the shape, in order, for the live line and the report. `until`: 0-1 of the duration. */
  readonly phases: readonly { readonly name: string; readonly until: number }[]
  /** Base rate, events/s, when none is asked for. */
  readonly ratePerS: number
  /** `bodies`: a file that `npm run record` wrote, relative to the scenario's own, in place of the provider's samples. */
  readonly mix: readonly { readonly provider: string; readonly share: number; readonly bodies?: string }[]
  readonly keys: { readonly count: number; readonly zipf: number }
  /** An event may be sent more than once, all at its time: up to so many times. Default: once. */
  readonly copiesMax?: number
  /** Shares of the events whose effect fails on the first try only, and on every try (they must end as dead letters). */
  readonly effects: { readonly failOnce: number; readonly failAlways: number }
  /** Long bodies: this share of the events is padded, log-uniformly, one in twenty to exactly bytes.max. Plain JSON only. */
  readonly longBodies?: { readonly share: number; readonly bytes: { readonly min: number; readonly max: number } }
  /**
   * This share of the events carries url, length and digest of its content, which the effect fetches from the provider's
   * store. Of those fetches a share is answered with 503 at first; of the contents a share is not what was announced, and
   * the event must end as a dead letter. Plain JSON only.
   */
  readonly claimCheck?: {
    readonly share: number
    readonly bytes: { readonly min: number; readonly max: number }
    readonly unavailableOnce: number
    readonly altered: number
  }
  /**
   * Senders never send this share of the events, and a process of the stack finds them in the providers' list, which it reads
   * every so often, and again what it read in the last overlapMs. The list shows events late and out of order.
   */
  readonly reconcile?: { readonly lostShare: number; readonly everyMs: number; readonly overlapMs: number }
  readonly faults: readonly PlannedFault[]
  readonly attacks?: readonly Attack[]
  /**
   * Senders try again by their providers' schedules, whose waits are divided by timeScale, until tailMs after the last arrival.
   * Absent: an event that is not accepted is not sent again. Real providers would not come back within a short run either.
   * Their time limits are divided by timeoutScale (default 1). It is separate from timeScale, because a network is no faster
   * for a clock that runs faster, and a limit divided as the waits are would end before any answer.
   */
  readonly retries?: { readonly timeScale: number; readonly tailMs: number; readonly timeoutScale?: number }
  /**
   * Senders reach the receivers through a load balancer: it passes over a receiver that refuses connections and, where none
   * takes any, holds a request for up to tryMs, as Caddy does by lb_try_duration, and HAProxy by retries with option
   * redispatch. Only while no byte of the request has left: a connection that breaks later is seen by the sender.
   * Absent: senders connect to the receivers themselves.
   */
  readonly balancer?: { readonly tryMs: number }
  /** The least number of receiver processes, and of processor processes where the queue is shared. Default: as --processes says. */
  readonly processesMin?: number
  /** Replays, which are not played in virtual time: events that a bug buries stay dead letters there. */
  readonly replays?: readonly PlannedReplay[]
  /**
   * Providers change their bodies without a word: so many of the events (shares, 0-1) that arrive between `from` and `until` (0-1 of
   * the duration) come with a field renamed, added or missing, under a new version, or as an unknown type; the effect works behind
   * schemas. All of it is to be buried where the provider is `strict`; elsewhere what is wrong by its schema is to be kept, and
   * what has none, by its version or type, is to be stored as it came.
   */
  readonly drift?: {
    readonly from: number
    readonly until: number
    readonly shares: Readonly<Record<DriftKind, number>>
    readonly strict: readonly string[]
  }
  readonly passes: {
    /** The wait of first attempts that were accepted, from due to the 2xx. */
    readonly acceptP99Ms: number
    /**
     * From an event's first due time to its first 2xx, across its retries. Default: acceptP99Ms; where senders try again,
     * drainMs if that is longer.
     */
    readonly eventP99Ms?: number
    /** The wait from an event's first due time to its effect. Default: acceptP99Ms and drainMs together. */
    readonly effectP99Ms?: number
    readonly drainMs: number
    /** Refusals fail the run unless 'allowed', as where the stack is taken down on purpose. */
    readonly refusals?: 'allowed'
    /** A run warns, or fails, from so many dead letters beyond those planned. Default: 100 and 1,000. */
    readonly deadLetters?: { readonly warn: number; readonly fail: number }
    /** The most bytes of memory that a process of the stack may hold. */
    readonly memoryBytesMax?: number
  }
}

/** For a scenario of one's own: gives types and completion. */
export function defineScenario(scenario: Scenario): Scenario {
  return scenario
}
