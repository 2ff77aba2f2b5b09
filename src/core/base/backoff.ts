import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'
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

/** Trouble of a moment is told to nobody. */
const TOLD_AFTER_MS = 10_000

/** Something that is tried until it works, for however long: it is told once when that takes long, and once when it works again. */
export class LastingTrouble {
  readonly #clock: Clock
  readonly #what: string
  readonly #onError: (error: unknown) => void
  #sinceMs: number | undefined
  #isTold = false

  /** `what`: what does not work, as 'nothing can be received'. `onError` must not throw. */
  constructor(clock: Clock, what: string, onError: (error: unknown) => void = () => {}) {
    this.#clock = clock
    this.#what = what
    this.#onError = onError
  }

  failed(cause: unknown): void {
    const nowMs = this.#clock.monotonic()
    this.#sinceMs ??= nowMs
    if (this.#isTold || nowMs - this.#sinceMs < TOLD_AFTER_MS) return
    this.#isTold = true
    this.#tell(`${this.#what} for ${this.#seconds()} s: ${messageOf(cause)}. It is tried until it works`, cause)
  }

  worked(): void {
    if (this.#sinceMs === undefined) return
    if (this.#isTold) this.#tell(`${this.#what} for ${this.#seconds()} s: that is over`)
    this.#sinceMs = undefined
    this.#isTold = false
  }

  #seconds(): number {
    return Math.round((this.#clock.monotonic() - this.#sinceMs!) / 1_000)
  }

  #tell(message: string, cause?: unknown): void {
    this.#onError(new FloodmarkError('unavailable', message, { cause }))
  }
}
