import type { RetryPolicy } from '../../../core/contracts/provider.ts'
import { waitRangeMs } from '../../plan/retry.ts'
import type { Attempt } from '../../records/journal.ts'

/** Tolerance in ms: times in a journal are sums and differences of floating numbers. */
const ROUNDING_MS = 0.001

/** Looks whether every retry of a journal was due when its provider's schedule says, from the end of the attempt before. */
export class ScheduleCheck {
  checked = 0
  off = 0
  readonly #policies: readonly RetryPolicy[]
  readonly #timeScale: number
  /** By seq: the last attempt that was not accepted. */
  readonly #before = new Map<number, Pick<Attempt, 'attempt' | 'doneMs' | 'status'>>()

  constructor(policies: readonly RetryPolicy[], timeScale: number) {
    this.#policies = policies
    this.#timeScale = timeScale
  }

  /** Each event's attempts in their order. */
  note({ seq, attempt, provider, outcome, intendedMs, doneMs, status }: Readonly<Attempt>): void {
    const before = this.#before.get(seq)
    if (attempt > 1) {
      this.checked++
      if (before?.attempt !== attempt - 1 || !this.#isDue(provider, attempt, intendedMs - before.doneMs, before.status))
        this.off++
    }
    if (outcome === 'accepted') this.#before.delete(seq)
    else this.#before.set(seq, { attempt, doneMs, status })
  }

  #isDue(provider: number, attempt: number, waitedMs: number, statusBefore: number): boolean {
    const policy = this.#policies[provider]!
    const [leastMs, mostMs] = waitRangeMs(policy, attempt)
    if (waitedMs < leastMs / this.#timeScale - ROUNDING_MS) return false
    // The answer may have asked the sender to wait longer. The journal does not say for how long.
    const asked = policy.honoursRetryAfter === true && statusBefore !== 0
    return asked || waitedMs <= mostMs / this.#timeScale + ROUNDING_MS
  }
}
