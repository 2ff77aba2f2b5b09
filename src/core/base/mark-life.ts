import type { WebhookEvent } from '../contracts/event.ts'
import type { RetryPolicy } from '../contracts/provider.ts'

/** Header of an event whose sender goes on for longer than marks are kept by default: its mark is kept for so many ms. */
export const MARK_HEADER = 'x-floodmark-mark-ms'

/** A mark outlives the last attempt that is to be expected by a tenth: a sender's clock and queue may be late. */
const MARGIN = 1.1
/** A policy that never ends is taken to end after so many ms or attempts. */
const RESENDING_MS_MAX = 366 * 24 * 3_600_000
const ATTEMPTS_MAX = 100_000

/** The longest time from a sender's first attempt at an event until the end of its last one, ms. */
export function resendingMs({ attemptsMax, timeoutMs, waitMs, resendsForMs }: RetryPolicy): number {
  let sumMs = timeoutMs
  for (let attempt = 2; attempt <= Math.min(attemptsMax, ATTEMPTS_MAX) && sumMs < RESENDING_MS_MAX; attempt++) {
    sumMs += waitMs(attempt, () => 1) + timeoutMs
  }
  return Math.min(Math.max(sumMs, resendsForMs ?? 0), RESENDING_MS_MAX)
}

/** How long a mark must be kept so that nothing a sender still sends by itself takes effect again, ms. */
export function markMsFor(policy: RetryPolicy): number {
  return Math.round(resendingMs(policy) * MARGIN)
}

/** How long the event's mark is kept by a ledger that keeps marks for `ttlMs`. */
export function markMsOf({ headers }: Pick<WebhookEvent, 'headers'>, ttlMs: number): number {
  const own = headers[MARK_HEADER]
  return own === undefined ? ttlMs : Math.max(ttlMs, Number(own) || 0)
}
