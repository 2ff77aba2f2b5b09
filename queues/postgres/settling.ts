import type { PostgresPool } from '../../src/clients/postgres/connection.ts'

const CALL_MS = 5_000

/** What became of a lane that was taken. */
export interface SettledLane {
  readonly lane: string
  readonly fence: number
  /** It may be taken again after so many ms. */
  readonly waitMs: number
  /** Those of its events that are acked. */
  readonly positions: readonly string[]
}

interface WaitingLane {
  readonly lane: SettledLane
  readonly done: () => void
}

/**
 * Gives lanes back, all of which verdicts have come meanwhile in one statement. An ack that the server loses, as it may in its last
 * moments, lets an event come again: so no ack waits for the disk.
 */
export class Settling {
  readonly #pool: PostgresPool
  readonly #statement: string
  #waiting: WaitingLane[] = []
  #isSending = false

  constructor(pool: PostgresPool, statement: string) {
    this.#pool = pool
    this.#statement = statement
  }

  /** Resolves when it is given back, or when that did not succeed: then its lease ends. */
  settle(lane: SettledLane): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ lane, done })
      if (!this.#isSending) {
        this.#isSending = true
        queueMicrotask(() => this.#send())
      }
    })
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = new Map<string, WaitingLane>()
      const later: WaitingLane[] = []
      // A statement writes a row once.
      for (const one of this.#waiting) {
        if (group.has(one.lane.lane)) later.push(one)
        else group.set(one.lane.lane, one)
      }
      this.#waiting = later
      await this.#store([...group.values()].map(({ lane }) => lane)).catch(() => {})
      for (const { done } of group.values()) done()
    }
    this.#isSending = false
  }

  async #store(lanes: readonly SettledLane[]): Promise<void> {
    const values = [
      lanes.map(({ lane }) => lane),
      lanes.map(({ fence }) => fence),
      lanes.map(({ waitMs }) => waitMs),
      lanes.flatMap(({ positions }) => positions),
      lanes.flatMap(({ positions }, at) => positions.map(() => at + 1)),
    ]
    await this.#pool.repeat(CALL_MS, { name: 'fm_settle', text: this.#statement, values })
  }
}
