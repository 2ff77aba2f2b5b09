import type { LastingTrouble } from '../../src/core/base/backoff.ts'
import type { Clock } from '../../src/core/contracts/clock.ts'
import type { PartitionLanes } from './lanes.ts'
import { RETRY_MS } from './layout.ts'
import { reasonOf } from './trouble.ts'

/** By partition: what lies before the offset is settled. */
export type Committed = readonly { readonly partition: number; readonly offset: number }[]

/** Commits the offsets that the lanes have settled. One commit runs at a time, and takes all offsets due by then. */
export class Commits {
  readonly #lanes: PartitionLanes
  readonly #clock: Clock
  readonly #send: (due: Committed) => Promise<unknown>
  readonly #trouble: LastingTrouble
  #isDue = false
  #over = false
  #last = Promise.resolve(true)

  constructor(
    lanes: PartitionLanes,
    clock: Clock,
    trouble: LastingTrouble,
    send: (due: Committed) => Promise<unknown>,
  ) {
    this.#lanes = lanes
    this.#trouble = trouble
    this.#clock = clock
    this.#send = send
  }

  soon(): void {
    if (this.#isDue || this.#over) return
    this.#isDue = true
    this.now().then((done) => {
      this.#isDue = false
      // Events that cannot be committed come again in the end. Heartbeats find out whether we are still a member.
      if (!done) this.#clock.after(RETRY_MS, () => this.soon())
      else if (this.#lanes.uncommitted().length > 0) this.soon()
    })
  }

  /** Resolves with whether all settled offsets are committed. Never rejects. */
  now(): Promise<boolean> {
    this.#last = this.#last.then(async () => {
      const due = this.#lanes.uncommitted()
      if (due.length === 0) return true
      try {
        await this.#send(due)
      } catch (error) {
        this.#trouble.failed(reasonOf(error))
        return false
      }
      this.#trouble.worked()
      for (const { partition, offset } of due) this.#lanes.onCommitted(partition, offset)
      return true
    })
    return this.#last
  }

  /** Starts no more commits by itself. */
  end(): void {
    this.#over = true
  }
}
