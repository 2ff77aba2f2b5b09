import type { Clock } from '../../src/core/contracts/clock.ts'
import { NOBODY } from './brokers.ts'
import { withoutLeader } from './trouble.ts'

/** An election takes less. A partition that has no leader for longer, ms, is told of. */
const ELECTION_MS = 5_000

/** Tells once of partitions that have no leader for long. One that gets a leader may be told of again. */
export class Leaderless {
  readonly #topic: string
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  /** Since when each has none, ms; undefined once that was told. */
  readonly #since = new Map<number, number | undefined>()

  constructor(topic: string, clock: Clock, onError: (error: unknown) => void) {
    this.#topic = topic
    this.#clock = clock
    this.#onError = onError
  }

  /** By partition. */
  look(leaders: readonly number[]): void {
    const nowMs = this.#clock.monotonic()
    const late: number[] = []
    for (const [partition, leader] of leaders.entries()) {
      if (leader !== NOBODY) this.#since.delete(partition)
      else if (!this.#since.has(partition)) this.#since.set(partition, nowMs)
      const sinceMs = this.#since.get(partition)
      if (sinceMs === undefined || nowMs - sinceMs < ELECTION_MS) continue
      this.#since.set(partition, undefined)
      late.push(partition)
    }
    if (late.length > 0) this.#onError(withoutLeader(this.#topic, late))
  }
}
