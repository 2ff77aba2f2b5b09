import type { Random } from '../contracts/random.ts'

export interface Backoff {
  /** Upper end of the first wait, ms; doubled for each further one. */
  readonly baseMs: number
  /** No wait is longer than so many ms. */
  readonly capMs: number
}

/** Exponential backoff with full jitter: uniform in [0, min(cap, base · 2^(failures-1))], failures from 1. */
export function backoffMs(failures: number, backoff: Backoff, random: Random): number {
  return random() * Math.min(backoff.capMs, backoff.baseMs * 2 ** (failures - 1))
}

/** Nobody is asked to stay away for longer: what was true then is not true for ever. */
export const RETRY_AFTER_MAX_S = 60
/** A wait is longer or shorter by up to this share, by chance. */
const JITTER = 0.25

/** Whole seconds for Retry-After: at least 1, bounded, and not the same for all who were refused at once. */
export function retryAfter(seconds: number, random: Random): number {
  const spread = seconds * (1 + JITTER * (2 * random() - 1))
  return Math.ceil(Math.min(RETRY_AFTER_MAX_S, Math.max(1, spread)))
}
