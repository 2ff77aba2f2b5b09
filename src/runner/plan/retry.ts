import type { RetryPolicy } from '../../core/contracts/provider.ts'
import type { Random } from '../../core/contracts/random.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { Cause, Outcome } from './outcome.ts'

/** How an attempt ended, as far as its provider cares. */
export interface EndedAttempt {
  /** From 1. */
  readonly attempt: number
  readonly outcome: Exclude<Outcome, 'unsent'>
  readonly status: number
  readonly cause: Cause
  /** Seconds, from the response's Retry-After. */
  readonly retryAfterS: number | undefined
  /** ms since the start of the run. */
  readonly doneMs: number
}

/** Why a provider sends an event no more. */
export const GIVEN_UP = [
  'attempts-used-up',
  'final-status',
  'asked-not-to-retry',
  'only-failed-connections-retried',
  'endpoint-disabled',
] as const
export type GivenUp = (typeof GIVEN_UP)[number]

type Next = { readonly atMs: number } | { readonly givenUp: GivenUp } | 'delivered'

/** What a provider does after an attempt, by its documented policy; waits and spans are divided by `timeScale`. Pure. */
export function nextAttempt(policy: RetryPolicy, ended: EndedAttempt, timeScale: number, random: Random): Next {
  if (ended.outcome === 'accepted') return 'delivered'
  if (policy.stopsOn?.includes(ended.status)) return { givenUp: 'final-status' }
  if (ended.cause === 'no-retry') return { givenUp: 'asked-not-to-retry' }
  // Refused without a status: nobody was connected.
  const connected = ended.outcome === 'unknown' || ended.status !== 0
  if (policy.retriesOn === 'connection' && connected) return { givenUp: 'only-failed-connections-retried' }
  if (ended.attempt >= policy.attemptsMax) return { givenUp: 'attempts-used-up' }
  const waitMs = policy.waitMs(ended.attempt + 1, random)
  const askedMs = policy.honoursRetryAfter ? (ended.retryAfterS ?? 0) * 1_000 : 0
  return { atMs: ended.doneMs + Math.max(waitMs, askedMs) / timeScale }
}

const ALMOST_ONE = 1 - Number.EPSILON

/** The shortest and the longest wait in ms before an attempt (from 2), as far as the policy's jitter leaves it open. */
export function waitRangeMs({ waitMs }: RetryPolicy, attempt: number): readonly [leastMs: number, mostMs: number] {
  const ends = [waitMs(attempt, () => 0), waitMs(attempt, () => ALMOST_ONE)] as const
  return [Math.min(...ends), Math.max(...ends)]
}

/** A sender waits so many ms for an answer. */
export function timeoutMs(policy: Pick<RetryPolicy, 'timeoutMs'>, retries: Scenario['retries']): number {
  return policy.timeoutMs / (retries?.timeoutScale ?? 1)
}

/** Whether a provider still sends to an endpoint: some stop after failures without a break. */
export class Endpoint {
  readonly #disables: RetryPolicy['disables']
  readonly #timeScale: number
  #failures = 0
  #failingSinceMs: number | undefined
  #disabledAtMs: number | undefined

  constructor(policy: RetryPolicy, timeScale: number) {
    this.#disables = policy.disables
    this.#timeScale = timeScale
  }

  /** ms since the start of the run; undefined while it is sent to. Nobody enables it again during a run. */
  get disabledAtMs(): number | undefined {
    return this.#disabledAtMs
  }

  note({ outcome, doneMs }: EndedAttempt): void {
    if (outcome === 'accepted') {
      this.#failures = 0
      this.#failingSinceMs = undefined
      return
    }
    this.#failures++
    this.#failingSinceMs ??= doneMs
    const limit = this.#disables
    if (limit === undefined || this.#disabledAtMs !== undefined) return
    const over =
      'afterFailures' in limit
        ? this.#failures >= limit.afterFailures
        : doneMs - this.#failingSinceMs >= limit.afterMs / this.#timeScale
    if (over) this.#disabledAtMs = doneMs
  }
}
