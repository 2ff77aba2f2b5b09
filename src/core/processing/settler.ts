import type { Clock } from '../contracts/clock.ts'
import type { CrashPoint } from '../contracts/crash-point.ts'
import type { Ledger, Settled, Settlement } from '../contracts/ledger.ts'
import type { LedgerOutage } from './ledger-outage.ts'
import { partsOf } from './writes.ts'

/** Finished settlements wait at most so many ms for those of other lanes. Most of what a call of the ledger costs, it costs once. */
const GATHER_MS = 5

const NOT_HELD: Settled = { held: false, failures: 0 }

/** What one lane has finished. Lanes of one call of the ledger share the promise: one each would cost as much as a lane does. */
export class LaneSettling {
  readonly settlements: readonly Settlement[]
  /** Resolves when the ledger has answered. */
  readonly answered: Promise<void>
  #settled: readonly Settled[] = []
  #failure: { readonly error: unknown } | undefined

  constructor(settlements: readonly Settlement[], answered: Promise<void>) {
    this.settlements = settlements
    this.answered = answered
  }

  resolve(settled: readonly Settled[]): void {
    this.#settled = settled
  }

  reject(error: unknown): void {
    this.#failure = { error }
  }

  /** One answer for each settlement, once the ledger has answered. @throws what the ledger did. */
  get settled(): readonly Settled[] {
    if (this.#failure) throw this.#failure.error
    return this.#settled
  }
}

export interface SettlerOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  /** Calls at once. Settlements that are finished meanwhile make the next call larger. */
  readonly callsMax: number
  /** Told of each call, whether it stored. */
  readonly outage: Pick<LedgerOutage, 'stored' | 'failed'>
  readonly crashPoint: CrashPoint
}

/** Groups what lanes have finished, as each does, into calls of the ledger: a slow lane makes no other wait. */
export class Settler {
  readonly #options: SettlerOptions
  #waiting: LaneSettling[] = []
  #answered = Promise.withResolvers<void>()
  #calls = 0
  /** Something waits only for a call to end. */
  #isDue = false
  #cancel: (() => void) | undefined

  constructor(options: SettlerOptions) {
    this.#options = options
  }

  /** Settles what one lane has finished, in one call as far as the limits of a call allow. */
  settle(settlements: readonly Settlement[]): LaneSettling {
    const lane = new LaneSettling(settlements, this.#answered.promise)
    this.#waiting.push(lane)
    this.#cancel ??= this.#options.clock.after(GATHER_MS, () => this.flush())
    return lane
  }

  /** Nothing more is worth waiting for. */
  flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#isDue = this.#waiting.length > 0 && this.#calls >= this.#options.callsMax
    if (this.#waiting.length === 0 || this.#isDue) return
    this.#calls++
    const { resolve } = this.#answered
    this.#answered = Promise.withResolvers()
    void this.#call(this.#waiting.splice(0)).finally(() => {
      resolve()
      this.#calls--
      if (this.#isDue) this.flush()
    })
  }

  /**
   * Never rejects: the waiting lanes hear of a failure. A part that could not be stored keeps no other from being tried. But what its
   * lanes have in later parts is given back: it must not overtake them.
   */
  async #call(waiting: readonly LaneSettling[]): Promise<void> {
    const { ledger, outage, crashPoint } = this.#options
    const settlements: Settlement[] = []
    /** The lane of each settlement. */
    const owners: LaneSettling[] = []
    for (const one of waiting) {
      for (const settlement of one.settlements) {
        settlements.push(settlement)
        owners.push(one)
      }
    }
    /** What stands here for a lane that failed does not matter. */
    const settled: Settled[] = []
    const failed = new Set<LaneSettling>()
    let failure: unknown
    try {
      crashPoint('after-effect')
      for (const part of partsOf(settlements)) {
        const from = settled.length
        const ownerOf = (at: number) => owners[from + at]!
        const storable =
          failed.size === 0 ? part : part.map((one, at) => (failed.has(ownerOf(at)) ? released(one) : one))
        try {
          const stored = await ledger.settle(storable)
          outage.stored()
          for (let at = 0; at < stored.length; at++) settled.push(stored[at]!)
        } catch (error) {
          failure = error
          outage.failed(error)
          for (let at = 0; at < part.length; at++) {
            failed.add(ownerOf(at))
            settled.push(NOT_HELD)
          }
        }
      }
      crashPoint('after-settle')
    } catch (error) {
      for (const one of waiting) one.reject(error)
      return
    }
    let at = 0
    for (const one of waiting) {
      const from = at
      at += one.settlements.length
      if (failed.has(one)) one.reject(failure)
      else one.resolve(settled.slice(from, at))
    }
  }
}

function released(settlement: Settlement): Settlement {
  const { event, fence } = settlement
  if (settlement.result === 'applied') settlement.transaction?.undo()
  return { event, fence, result: 'released' }
}
