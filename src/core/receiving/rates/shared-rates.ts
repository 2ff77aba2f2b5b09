import { putLatest } from '../../base/kit/put-latest.ts'
import type { Clock } from '../../contracts/clock.ts'
import type { RouteRate } from '../../contracts/provider.ts'
import type { RateGrants, SharedLimit } from '../../contracts/rate.ts'
import { KNOWN_MAX, SenderRates } from './sender-rates.ts'

/** All processes together hold the requests of so many seconds, at most, that they were granted and have not used. */
const HELD_S = 0.05

/** A process asks for so many requests at once, so that a high rate does not ask for each. */
export function lumpOf({ perS, burst }: Required<RouteRate>, processes: number): number {
  return Math.max(1, Math.floor((Math.min(perS, burst) * HELD_S) / processes))
}

/** What the one has that grants to all: the burst, less what they may hold. */
export function grantedRates(rate: Required<RouteRate>, processes: number, clock: Clock): SenderRates {
  return new SenderRates(rate.perS, rate.burst - processes * (lumpOf(rate, processes) - 1), clock)
}

interface GrantedShare {
  /** Granted, and not used. */
  left: number
  /** Nobody is let in before, and nothing is asked: there was no more. */
  deniedUntilMs: number
  /** Those that wait for an answer. */
  readonly waiting: ((waitS: number) => void)[]
  isAsking: boolean
  /** Those of this process that were told to come again, less as many as could have since. */
  line: number
  lineAtMs: number
}

/** As SenderRates, where several processes keep a limit together. What is granted already is let in at once. */
export class SharedRates {
  readonly #limit: SharedLimit
  readonly #grants: RateGrants
  readonly #clock: Clock
  readonly #lump: number
  /** The latest used last. */
  readonly #shares = new Map<string, GrantedShare>()

  constructor(limit: SharedLimit, grants: RateGrants, clock: Clock) {
    this.#limit = limit
    this.#grants = grants
    this.#clock = clock
    this.#lump = lumpOf(limit, grants.processes)
  }

  /** As SenderRates.waitS; a promise where it has to be asked. Never rejects. */
  waitS(sender: string): number | Promise<number> {
    const share = this.#shareOf(sender)
    const nowMs = this.#clock.monotonic()
    if (share.left >= 1 && share.waiting.length === 0) {
      share.left--
      return 0
    }
    if (nowMs < share.deniedUntilMs) {
      this.#lineUp(share, 1)
      return (share.deniedUntilMs - nowMs) / 1_000
    }
    return new Promise((resolve) => {
      share.waiting.push(resolve)
      if (!share.isAsking) void this.#ask(sender, share)
    })
  }

  /** As SenderRates.lineS: the other processes have lines like this one. */
  lineS(sender: string): number {
    return (Math.max(0, (this.#shares.get(sender)?.line ?? 0) - 1) * this.#grants.processes) / this.#limit.perS
  }

  async #ask(sender: string, share: GrantedShare): Promise<void> {
    share.isAsking = true
    while (share.waiting.length > 0) {
      const want = Math.max(this.#lump, share.waiting.length)
      const grant = await this.#grants.take(this.#limit, sender, want).catch(() => undefined)
      if (!grant) {
        // A limit that nobody keeps is no reason to refuse webhooks.
        for (const letIn of share.waiting.splice(0)) letIn(0)
        break
      }
      share.left += grant.count
      for (const letIn of share.waiting.splice(0, share.left)) {
        share.left--
        letIn(0)
      }
      if (grant.count >= want || share.waiting.length === 0) continue
      share.deniedUntilMs = this.#clock.monotonic() + grant.waitS * 1_000
      this.#lineUp(share, share.waiting.length)
      for (const refuse of share.waiting.splice(0)) refuse(grant.waitS)
    }
    share.isAsking = false
  }

  #lineUp(share: GrantedShare, more: number): void {
    const nowMs = this.#clock.monotonic()
    const gone = (((nowMs - share.lineAtMs) / 1_000) * this.#limit.perS) / this.#grants.processes
    share.line = Math.max(0, share.line - gone) + more
    share.lineAtMs = nowMs
  }

  #shareOf(sender: string): GrantedShare {
    const none = { left: 0, deniedUntilMs: Number.NEGATIVE_INFINITY, isAsking: false, line: 0, lineAtMs: 0 }
    const share = this.#shares.get(sender) ?? { ...none, waiting: [] }
    putLatest(this.#shares, sender, share, KNOWN_MAX)
    return share
  }
}
