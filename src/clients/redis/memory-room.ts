import { bytes } from '../../core/base/words.ts'
import type { Clock } from '../../core/contracts/clock.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { RedisConnection } from './connection.ts'
import { askMemory, evictsWith, type RedisFacts, type RedisMemory } from './facts.ts'

/** A write has the server asked again when its last answer is older than so many ms. */
const ASK_MS = 250
const ANSWER_MS = 5_000
/**
 * Of a server's maxmemory, this share is for what waits. The rest is for taking it, for claims and for marks: a server that
 * is full to the brim could not even be drained, since each of these needs memory first.
 */
const SHARE = 0.7
/** What an event takes in the server until it answers how much it was: measured, the most of the drivers. */
const EVENT = { bytesTimes: 2.5, bytes: 700 }

/** Keeps what is written to a Redis within a share of its memory, and notices when it begins to delete keys. */
export class MemoryRoom {
  readonly #connection: RedisConnection
  readonly #clock: Clock
  #memory: RedisMemory
  #writtenBytes = 0
  #askedMs: number
  #asking: Promise<void> | undefined

  constructor(connection: RedisConnection, clock: Clock, { memory }: RedisFacts) {
    this.#connection = connection
    this.#clock = clock
    this.#memory = memory
    this.#askedMs = clock.monotonic()
  }

  /** Counts a write. Nobody waits for the server's answer. @throws FloodmarkError as `check`. */
  take(events: number, bytes: number): void {
    if (this.#clock.monotonic() - this.#askedMs >= ASK_MS) void this.refresh().catch(() => {})
    const wantedBytes = bytes * EVENT.bytesTimes + events * EVENT.bytes
    this.check(wantedBytes)
    this.#writtenBytes += wantedBytes
  }

  /** Asks the server, then checks. Rejects when it does not answer. */
  async probe(): Promise<void> {
    await this.refresh()
    this.check(0)
  }

  /** @throws FloodmarkError 'overloaded' when so many bytes more are too many, 'unavailable' on a server that deletes keys; definite. */
  check(wantedBytes: number): void {
    const { usedBytes, maxBytes, policy } = this.#memory
    if (policy !== undefined && policy !== 'noeviction') {
      throw new FloodmarkError('unavailable', `the server ${evictsWith(policy)}`, { definite: true })
    }
    const roomBytes = maxBytes * SHARE
    if (maxBytes === 0 || usedBytes + this.#writtenBytes + wantedBytes <= roomBytes) return
    const what = `the server uses ${bytes(usedBytes)} of its ${bytes(maxBytes)} of maxmemory, and about ${bytes(this.#writtenBytes)} are on their way`
    throw new FloodmarkError('overloaded', `${what}: ${SHARE * 100}% are for events that wait`, { definite: true })
  }

  /** Asks the server once at a time. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
      this.#askedMs = this.#clock.monotonic()
    })
    return this.#asking
  }

  async #ask(): Promise<void> {
    const beforeBytes = this.#writtenBytes
    this.#memory = await this.#connection.once(ANSWER_MS, askMemory)
    this.#writtenBytes -= beforeBytes
  }
}
