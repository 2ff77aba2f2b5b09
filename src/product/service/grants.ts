import { within } from '../../core/base/within.ts'
import type { Clock } from '../../core/contracts/clock.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { RateGrant, RateGrants, SharedLimit } from '../../core/contracts/rate.ts'
import type { SenderRates } from '../../core/receiving/rates/sender-rates.ts'
import { grantedRates } from '../../core/receiving/rates/shared-rates.ts'
import type { RateQuestion } from './messages.ts'

/** A supervisor that answers later has other troubles: requests are let in meanwhile, ms. */
const ANSWER_MS = 1_000

/** Of the supervisor: grants its processes what the rates of their routes allow all of them together. */
export class GrantedRates {
  readonly #processes: number
  readonly #clock: Clock
  readonly #rates = new Map<string, SenderRates>()

  constructor(processes: number, clock: Clock) {
    this.#processes = processes
    this.#clock = clock
  }

  take({ limit, sender, want }: RateQuestion): RateGrant {
    // A process that was started anew may have another rate in its config.
    const name = JSON.stringify(limit)
    const rates = this.#rates.get(name) ?? grantedRates(limit, this.#processes, this.#clock)
    this.#rates.set(name, rates)
    return rates.take(sender, want)
  }
}

/** Of a process: asks the supervisor. */
export class AskedGrants implements RateGrants {
  readonly processes: number
  readonly #clock: Clock
  readonly #send: (question: RateQuestion) => void
  readonly #waiting = new Map<number, (grant: RateGrant) => void>()
  #asked = 0

  constructor(processes: number, clock: Clock, send: (question: RateQuestion) => void) {
    this.processes = processes
    this.#clock = clock
    this.#send = send
  }

  take(limit: SharedLimit, sender: string, want: number): Promise<RateGrant> {
    const number = ++this.#asked
    const answer = new Promise<RateGrant>((resolve) => this.#waiting.set(number, resolve))
    this.#send({ number, limit, sender, want })
    return within(ANSWER_MS, this.#clock, answer, () => {
      this.#waiting.delete(number)
      return new FloodmarkError('timeout', 'the supervisor has not said how many requests may be let in')
    })
  }

  heard(number: number, grant: RateGrant): void {
    this.#waiting.get(number)?.(grant)
    this.#waiting.delete(number)
  }
}
