import type { Clock } from '../../src/core/clock.ts'
import { FloodmarkError } from '../../src/core/errors.ts'

/** How old the count of stored jobs may be, ms. */
const COUNT_MS = 250

/**
 * Keeps a queue that has no bound of its own within one, nearly: what the server counted a moment ago, at the mean size of
 * what was published here, and what was published here since.
 */
export class Room {
  readonly #bytesMax: number
  readonly #clock: Clock
  readonly #countStored: () => Promise<number>
  #published = { events: 0, bytes: 0 }
  #storedBytes = 0
  #countedMs = Number.NEGATIVE_INFINITY
  #counting: Promise<void> | undefined

  constructor(bytesMax: number, clock: Clock, countStored: () => Promise<number>) {
    this.#bytesMax = bytesMax
    this.#clock = clock
    this.#countStored = countStored
  }

  /** @throws FloodmarkError 'overloaded' when there is no room, or as counting does. */
  async take(events: number, bytes: number): Promise<void> {
    if (this.#clock.monotonic() - this.#countedMs > COUNT_MS) {
      this.#counting ??= this.#count().finally(() => {
        this.#counting = undefined
      })
      await this.#counting
    }
    if (this.#storedBytes + bytes > this.#bytesMax) {
      const held = Math.round(this.#storedBytes)
      throw new FloodmarkError('overloaded', `the queue holds about ${held} of ${this.#bytesMax} bytes`)
    }
    this.#storedBytes += bytes
    this.#published.events += events
    this.#published.bytes += bytes
  }

  async #count(): Promise<void> {
    const { events, bytes } = this.#published
    const stored = await this.#countStored()
    this.#storedBytes = events === 0 ? 0 : (stored * bytes) / events
    this.#countedMs = this.#clock.monotonic()
  }
}
