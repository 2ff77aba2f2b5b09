import { type Clock, sleep } from '../../src/core/contracts/clock.ts'

/** So many ms' worth of calls may go at once, as SQS counts them too. */
const BURST_MS = 200
/** Calls that were under way when SQS began to throttle are refused as well: for so many ms they count as one refusal. */
const REFUSAL_MS = 300
/** What SQS took is counted over so many ms. */
const COUNT_MS = 1_000
const RATE_PER_S_MIN = 5
/** Of what SQS took before it refused. */
const SHARE = 0.8
/** Each call that is taken adds so much to the rate: a quarter in a second. */
const GROWTH_PER_S = 0.25
/** The same for publishes: where all calls share one limit, those that make room get more of it. */
const MODEST_GROWTH_PER_S = 0.1
/** A rate that is so many times what is used is no limit any more. */
const UNUSED_TIMES = 4

/**
 * How fast calls of a kind may go: as fast as they come until SQS throttles, then at a rate that falls with each refusal to a share
 * of what it took, and grows from there. The calls that SQS still takes are so not wasted on those that it refuses.
 */
export class Pace {
  readonly #clock: Clock
  readonly #growthPerS: number
  /** Callers that wait for their turn. */
  waiting = 0
  #ratePerS = Number.POSITIVE_INFINITY
  /** When the last call that had its turn would be due, were calls spread evenly. */
  #dueMs: number
  #last: Promise<void> = Promise.resolve()
  #refusedMs = Number.NEGATIVE_INFINITY
  #taken = 0
  #countedSinceMs: number
  /** Over the last whole count. */
  #takenPerS = 0

  constructor(clock: Clock, isModest = false) {
    this.#clock = clock
    this.#growthPerS = isModest ? MODEST_GROWTH_PER_S : GROWTH_PER_S
    this.#dueMs = clock.monotonic()
    this.#countedSinceMs = this.#dueMs
  }

  /** Resolves when the caller may call: at once unless SQS throttles, or when the signal aborts. One has its turn after the other. */
  turn(signal?: AbortSignal): Promise<void> {
    if (this.#ratePerS === Number.POSITIVE_INFINITY) return Promise.resolve()
    this.waiting++
    this.#last = this.#last.then(async () => {
      const waitMs = this.#lineMs - BURST_MS
      if (waitMs > 0) await sleep(this.#clock, waitMs, signal)
      this.#takeTurn()
      this.waiting--
    })
    return this.#last
  }

  /** As `turn`, but where the line is longer than so many ms nobody waits: resolves with whether the turn has come. */
  async turnWithin(ms: number, signal?: AbortSignal): Promise<boolean> {
    const waitMs = this.#lineMs - BURST_MS + (1_000 * this.waiting) / this.#ratePerS
    if (waitMs > ms) return false
    await this.turn(signal)
    return true
  }

  #takeTurn(): void {
    this.#dueMs = Math.max(this.#dueMs, this.#clock.monotonic()) + 1_000 / this.#ratePerS
  }

  /** How far the calls that had their turn are ahead of an even course. */
  get #lineMs(): number {
    return Math.max(0, this.#dueMs - this.#clock.monotonic())
  }

  /** How a call went. */
  tell(throttled: boolean): void {
    const nowMs = this.#clock.monotonic()
    if (throttled) this.#refused(nowMs)
    else this.#went(nowMs)
  }

  #refused(nowMs: number): void {
    if (nowMs - this.#refusedMs < REFUSAL_MS) return
    this.#refusedMs = nowMs
    // Counted anew from each refusal on: what was taken before a limit came says nothing about it.
    const countedMs = nowMs - this.#countedSinceMs
    const counted = this.#countedPerS(Math.max(BURST_MS, countedMs))
    const takenPerS = countedMs >= REFUSAL_MS ? counted : Math.max(counted, this.#takenPerS)
    this.#count(nowMs, takenPerS)
    this.#ratePerS = Math.max(RATE_PER_S_MIN, SHARE * Math.min(this.#ratePerS, takenPerS))
    this.#dueMs = nowMs + BURST_MS + 1_000 / this.#ratePerS
  }

  #went(nowMs: number): void {
    this.#taken++
    this.#ratePerS += this.#growthPerS
    const countedMs = nowMs - this.#countedSinceMs
    if (countedMs < COUNT_MS) return
    this.#count(nowMs, this.#countedPerS(countedMs))
    const isUnused = this.#ratePerS > UNUSED_TIMES * this.#takenPerS && nowMs - this.#refusedMs > COUNT_MS
    if (isUnused) this.#ratePerS = Number.POSITIVE_INFINITY
  }

  #countedPerS(overMs: number): number {
    return (this.#taken * 1_000) / overMs
  }

  /** Begins to count anew. */
  #count(nowMs: number, takenPerS: number): void {
    this.#takenPerS = takenPerS
    this.#countedSinceMs = nowMs
    this.#taken = 0
  }
}
