import type { Clock } from './clock.ts'

/** Shared by all ledgers of the process: a claim of one opening is never taken for one of the next. */
let lastFence = 0

/** Who holds which id, in the memory of one process: its handlers die with it, so its claims may too. */
export class Claims {
  readonly #held = new Map<string, { fence: number; untilMs: number; settling: boolean }>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** True while someone holds the id, or its settlement is being written. */
  busy(id: string): boolean {
    const claim = this.#held.get(id)
    return claim !== undefined && (claim.settling || claim.untilMs > this.#clock.monotonic())
  }

  take(id: string, leaseMs: number): number {
    const fence = ++lastFence
    this.#held.set(id, { fence, untilMs: this.#clock.monotonic() + leaseMs, settling: false })
    return fence
  }

  /** True when the claim is still this holder's: nobody else can take it until `give`. */
  settle(id: string, fence: number): boolean {
    const claim = this.#held.get(id)
    if (claim?.fence !== fence || claim.settling) return false
    claim.settling = true
    return true
  }

  give(id: string): void {
    this.#held.delete(id)
  }
}
