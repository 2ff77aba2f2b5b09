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
