import { type Clock, sleep } from '../../core/contracts/clock.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { ProcessLevers } from './levers.ts'
import type { Undo } from './victim.ts'

const STEP_MS = 5

/** Lets through so many events a second, first come first served. Nothing is saved up while nobody comes. */
export class RateLimit {
  /** May change while some wait. Infinity: nobody waits. */
  perS: number
  readonly #clock: Clock
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()
  /** Time up to which capacity has been handed out. A timer that comes late therefore loses no capacity. */
  #usedUntilMs = 0

  constructor(perS: number, clock: Clock) {
    this.perS = perS
    this.#clock = clock
  }

  /** Resolves to the ms that are left of the deadline. @throws FloodmarkError 'overloaded' when the deadline passed first. */
  admit(count: number, deadlineMs: number): Promise<number> {
    if (this.#waiting === 0 && this.perS === Number.POSITIVE_INFINITY) return Promise.resolve(deadlineMs)
    this.#waiting++
    const calledAtMs = this.#clock.monotonic()
    const turn = this.#last
      .then(() => this.#pass(count, calledAtMs, calledAtMs + deadlineMs))
      .finally(() => {
        this.#waiting--
      })
    this.#last = turn.catch(() => {})
    return turn
  }

  /** Lets everybody through. Resolves when nobody waits any more. */
  async lift(): Promise<void> {
    this.perS = Number.POSITIVE_INFINITY
    while (this.#waiting > 0) await this.#last
  }

  async #pass(count: number, calledAtMs: number, untilMs: number): Promise<number> {
    let atMs = Math.max(this.#usedUntilMs, calledAtMs)
    for (let left = count; this.perS < Number.POSITIVE_INFINITY; ) {
      const nowMs = this.#clock.monotonic()
      const passed = ((nowMs - atMs) * this.perS) / 1_000
      this.#usedUntilMs = nowMs - (Math.max(0, passed - left) * 1_000) / this.perS
      left -= passed
      if (left <= 0) break
      if (nowMs >= untilMs) throw new FloodmarkError('overloaded', 'planned: the queue takes no more in this time')
      atMs = nowMs
      // Whole ms, as timers are: a wait too short for a clock to change would never be over.
      await sleep(this.#clock, Math.ceil(Math.min(STEP_MS, (left * 1_000) / this.perS)))
    }
    return Math.max(1, untilMs - this.#clock.monotonic())
  }
}

/** What each process publishes to takes no more than so many events a second: requests wait their turn. */
export function limitPublishes(levers: Pick<ProcessLevers, 'wrapPublish' | 'clock'>, perS: number): Undo {
  const limits: RateLimit[] = []
  const unwrap = levers.wrapPublish((publish) => {
    const limit = new RateLimit(perS, levers.clock)
    limits.push(limit)
    return async (events, { deadlineMs }) => {
      const leftMs = await limit.admit(events.length, deadlineMs)
      return publish(events, { deadlineMs: leftMs })
    }
  })
  return async () => {
    // Waiting calls go first: later publishes must not overtake them.
    await Promise.all(limits.map((limit) => limit.lift()))
    unwrap()
  }
}
