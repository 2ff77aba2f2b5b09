import { putLatest } from '../base/kit/put-latest.ts'
import type { Clock } from '../contracts/clock.ts'
import { laneOf, type WebhookEvent } from '../contracts/event.ts'

/** Shared by all ledgers of the process: a claim of one opening is never taken for one of the next. */
let lastFence = 0

/** Each new claim forgets at most so many expired ones, so that claims which were never settled do not pile up. */
const SWEEP_MAX = 4
/** The lost tries of so many ids are known, the latest. */
const LOST_MAX = 10_000

interface HeldClaim {
  readonly fence: number
  readonly untilMs: number
  readonly failures: number
  settling: boolean
}

/** Which handler holds which id, in the memory of one process. Its handlers die with it, so its claims may too. */
export class Claims {
  /** Oldest first. */
  readonly #held = new Map<string, HeldClaim>()
  /** id → its claims since its last settlement that ran out. */
  readonly #lost = new Map<string, number>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#held.size
  }

  /** Held now, or not looked at since they ran out. */
  get ids(): Iterable<string> {
    return this.#held.keys()
  }

  /** True while someone holds the id, or its settlement is being written. A claim that has run out ends here. */
  busy(id: string): boolean {
    const claim = this.#held.get(id)
    if (claim === undefined) return false
    if (claim.settling || claim.untilMs > this.#clock.monotonic()) return true
    this.#lose(id)
    return false
  }

  /** The lost tries of an id that is not busy. */
  lostTries(id: string): number {
    return this.#lost.size === 0 ? 0 : (this.#lost.get(id) ?? 0)
  }

  #lose(id: string): void {
    this.#held.delete(id)
    const before = this.#lost.get(id) ?? 0
    putLatest(this.#lost, id, before + 1, LOST_MAX)
  }

  /** The id is settled, or nothing of it is to be remembered. */
  forgetLost(id: string): void {
    if (this.#lost.size > 0) this.#lost.delete(id)
  }

  /** Gives the id to a new holder; `failures` is kept with it. */
  take(id: string, leaseMs: number, failures: number): number {
    const now = this.#clock.monotonic()
    this.#sweep(now)
    const fence = ++lastFence
    this.#held.delete(id)
    this.#held.set(id, { fence, untilMs: now + leaseMs, failures, settling: false })
    return fence
  }

  #sweep(now: number): void {
    let left = SWEEP_MAX
    for (const [id, claim] of this.#held) {
      if (left-- === 0 || claim.settling || claim.untilMs > now) return
      this.#lose(id)
    }
  }

  /** The failures kept with it where the claim is still this holder's: nobody else can take it until `give`. */
  settle(id: string, fence: number): number | undefined {
    const claim = this.#held.get(id)
    if (claim?.fence !== fence || claim.settling) return undefined
    claim.settling = true
    return claim.failures
  }

  /**
   * `settle` for all of one call, in order. Behind an event whose claim is lost its key's later ones count as lost too, and
   * are given back: of a batch that outlasted its lease some may still be held, and must not overtake what has to come again.
   */
  settleAll(
    claimed: readonly { readonly event: Pick<WebhookEvent, 'id' | 'source' | 'key'>; readonly fence: number }[],
  ): readonly (number | undefined)[] {
    const lost = new Set<string>()
    return claimed.map(({ event, fence }) => {
      const failures = this.settle(event.id, fence)
      if (failures === undefined) lost.add(laneOf(event))
      if (lost.size === 0 || !lost.has(laneOf(event))) return failures
      if (failures !== undefined) this.give(event.id)
      return undefined
    })
  }

  give(id: string): void {
    this.#held.delete(id)
  }
}
