import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'
import type { Ledger } from '../contracts/ledger.ts'

/** The wait after the first failed call, ms; doubled with each failure until a settlement is stored. */
const WAIT_MS = 100
const WAIT_MS_MAX = 30_000

export interface LedgerOutageOptions {
  readonly ledger: Pick<Ledger, 'probe'>
  readonly clock: Clock
  /** Told once when an outage begins. Must not throw. */
  readonly onError: (error: unknown) => void
}

/**
 * A ledger that cannot store is an outage of everything: each effect that ran meanwhile would run again. So after a failed
 * call nothing is claimed and no effect runs until a write of the ledger's own has succeeded.
 */
export class LedgerOutage {
  /** Outages so far. */
  begun = 0
  readonly #options: LedgerOutageOptions
  #isOut = false
  #untilMs = 0
  /** Failures since the last settlement that was stored. */
  #failures = 0
  #probing: Promise<void> | undefined

  constructor(options: LedgerOutageOptions) {
    this.#options = options
  }

  get isOut(): boolean {
    return this.#isOut
  }

  /** How long nothing may be claimed, ms; 0: go on. Asks the ledger once a wait is over. */
  async holdMs(): Promise<number> {
    if (!this.#isOut) return 0
    if (this.#leftMs() === 0) {
      this.#probing ??= this.#probe().finally(() => {
        this.#probing = undefined
      })
      await this.#probing
    }
    return this.#isOut ? Math.max(1, this.#leftMs()) : 0
  }

  /** A claim or a settlement failed. Of several calls that were under way together the first one counts. */
  failed(error: unknown): void {
    if (this.#isOut) return
    this.#isOut = true
    this.#wait()
    // A probe may succeed where larger writes still fail. That is one outage, and it is told once.
    if (this.#failures > 1) return
    this.begun++
    const what = `the ledger cannot store: ${messageOf(error)}. No effect runs until it can`
    this.#options.onError(new FloodmarkError('unavailable', what, { cause: error }))
  }

  /** A settlement was stored. */
  stored(): void {
    this.#failures = 0
  }

  async #probe(): Promise<void> {
    try {
      await this.#options.ledger.probe()
      this.#isOut = false
    } catch {
      this.#wait()
    }
  }

  #wait(): void {
    const waitMs = Math.min(WAIT_MS_MAX, WAIT_MS * 2 ** this.#failures++)
    this.#untilMs = this.#options.clock.monotonic() + waitMs
  }

  #leftMs(): number {
    return Math.max(0, this.#untilMs - this.#options.clock.monotonic())
  }
}
