import { type Arrival, arrivals, type Load } from '../../plan/arrivals.ts'
import type { Due, Upcoming } from './agenda.ts'

/** Events of the first stretch of a run that are sent again, evenly spaced, from atMs on and no later than the run lasts. */
export interface ResendPlan {
  readonly firstMs: number
  readonly atMs: number
  readonly ratePerS: number
}

/** A recording is so many ms old when it is sent again: older than any provider tolerates. */
export const RECORDED_AGE_MS = 86_400_000

/** The events to send again, with their times, in the order in which they came first. A refused one is not tried again. */
export class ResendAgenda implements Upcoming {
  readonly cutOff = 0
  readonly #plan: ResendPlan
  readonly #durationMs: number
  readonly #arrivals: Iterator<Readonly<Arrival>>
  readonly #due: Due = { seq: 0, intendedMs: 0, provider: 0, key: 0, attempt: 1 }
  #next: Due | undefined
  #made = 0

  constructor(load: Load, plan: ResendPlan) {
    this.#plan = plan
    this.#durationMs = load.durationMs
    this.#arrivals = arrivals(load)
    this.drop()
  }

  peek(): Readonly<Due> | undefined {
    return this.#next
  }

  drop(): void {
    const { firstMs, atMs, ratePerS } = this.#plan
    const { value, done } = this.#arrivals.next()
    const intendedMs = atMs + (this.#made++ * 1_000) / ratePerS
    const over = done || value.intendedMs >= firstMs || intendedMs >= this.#durationMs
    this.#next = over ? undefined : Object.assign(this.#due, value, { intendedMs })
  }

  disabled(): boolean {
    return false
  }

  ended(): boolean {
    return false
  }
}
