import type { Clock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'

/** A publish has the stored jobs counted again when the count is older than so many ms. */
const COUNT_MS = 250

/**
 * Keeps an unbounded queue roughly within a bound. The estimate is the server's last count, at the mean size
 * of the events published here, plus the events published here since. Nobody waits for a count.
 */
export class Room {
  readonly #bytesMax: number
  readonly #clock: Clock
  readonly #countStored: () => Promise<number>
  readonly #published = { events: 0, bytes: 0 }
  #storedBytes = 0
  #countedMs: number
  #counting = false

  constructor(bytesMax: number, clock: Clock, countStored: () => Promise<number>) {
    this.#bytesMax = bytesMax
    this.#clock = clock
    this.#countStored = countStored
    this.#countedMs = clock.monotonic() - COUNT_MS
  }

  /** @throws FloodmarkError 'overloaded' when the queue is full. */
  take(events: number, bytes: number): void {
    if (!this.#counting && this.#clock.monotonic() - this.#countedMs >= COUNT_MS) void this.#count()
    if (this.#storedBytes + bytes > this.#bytesMax) {
      const held = Math.round(this.#storedBytes)
      throw new FloodmarkError('overloaded', `the queue holds about ${held} of ${this.#bytesMax} bytes`)
    }
    this.#storedBytes += bytes
    this.#published.events += events
    this.#published.bytes += bytes
  }

  async #count(): Promise<void> {
    this.#counting = true
    const { bytes: before } = this.#published
    try {
      const stored = await this.#countStored()
      const { events, bytes } = this.#published
      this.#storedBytes = events === 0 ? 0 : (stored * bytes) / events + (bytes - before)
    } catch {
      // the last count remains
    }
    this.#counting = false
    this.#countedMs = this.#clock.monotonic()
  }
}
