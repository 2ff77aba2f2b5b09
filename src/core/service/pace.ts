import type { Clock } from '../contracts/clock.ts'
import type { Queue } from '../contracts/queue.ts'

/** A reading is used for so long; the next one is made when somebody asks. */
const READING_MS = 1_000
/** What was so long ago says nothing of the pace now. */
const STALE_MS = 60_000

interface PaceReading {
  readonly atMs: number
  readonly accepted: number
  readonly backlog: number
}

/**
 * How fast what was accepted is worked off, from two readings of the queue's depth. It reads only while requests are refused, so
 * that an idle service asks nothing. Of several processes each knows what it accepted itself, and errs to the longer side.
 */
export class WorkPace {
  readonly #queue: Pick<Queue, 'depth'>
  readonly #clock: Clock
  readonly #accepted: () => number
  #last: PaceReading | undefined
  #backlogS: number | undefined
  #isReading = false

  /** `accepted`: events since the start. */
  constructor(queue: Pick<Queue, 'depth'>, clock: Clock, accepted: () => number) {
    this.#queue = queue
    this.#clock = clock
    this.#accepted = accepted
  }

  /** Seconds until what waits now is worked off, as far as it is known: undefined at the first refusal of a while. */
  backlogS(): number | undefined {
    const ageMs = this.#last ? this.#clock.monotonic() - this.#last.atMs : Number.POSITIVE_INFINITY
    if (ageMs > STALE_MS) {
      this.#last = undefined
      this.#backlogS = undefined
    }
    if (ageMs >= READING_MS && !this.#isReading) void this.#read()
    return this.#backlogS
  }

  async #read(): Promise<void> {
    this.#isReading = true
    try {
      const { waiting, inFlight } = await this.#queue.depth()
      const now = { atMs: this.#clock.monotonic(), accepted: this.#accepted(), backlog: waiting + inFlight }
      if (this.#last) this.#backlogS = secondsFor(this.#last, now)
      this.#last = now
    } catch {
      // A queue that does not answer is told of elsewhere; the last reading holds until it is stale.
    } finally {
      this.#isReading = false
    }
  }
}

/** undefined where nothing was worked off: nobody knows how long that goes on. */
function secondsFor(before: PaceReading, now: PaceReading): number | undefined {
  const drained = now.accepted - before.accepted - (now.backlog - before.backlog)
  const seconds = (now.atMs - before.atMs) / 1_000
  return drained > 0 && seconds > 0 ? now.backlog / (drained / seconds) : undefined
}
