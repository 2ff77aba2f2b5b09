import { encodedBytes } from '../../src/core/base/codec.ts'
import { within } from '../../src/core/base/within.ts'
import type { Clock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import { PublishError, type QueueTraits } from '../../src/core/contracts/queue.ts'
import { partitionOf } from './murmur2.ts'
import { reasonOf } from './trouble.ts'

/** Sends one batch through a client: once, to the given partitions, in the order of calls. Resolves when acks=all has come. */
export interface PartitionedSend {
  send(partitions: readonly number[]): Promise<void>
  isTooLarge(error: unknown): boolean
  /** Called when the deadline has passed and `send` is still waiting. */
  onLate(): void
}

/** Publishes to a topic: checks sizes, picks partitions, keeps the deadline. Knows the sends still running at close. */
export class Publishing {
  readonly #traits: QueueTraits
  readonly #clock: Clock
  readonly #partitions: number
  readonly #running = new Set<Promise<void>>()
  #closed = false

  constructor(traits: QueueTraits, clock: Clock, partitions: number) {
    this.#traits = traits
    this.#clock = clock
    this.#partitions = partitions
  }

  async publish(events: readonly WebhookEvent[], deadlineMs: number, sender: PartitionedSend): Promise<void> {
    if (events.length === 0) return
    if (this.#closed) {
      throw PublishError.all(events, 'unavailable', 'this queue is closed: open it again', { definite: true })
    }
    const bytes = events.reduce((sum, event) => sum + encodedBytes(event), 0)
    const { publishBytesMax, publishEventsMax } = this.#traits
    if (bytes > publishBytesMax || events.length > publishEventsMax) {
      const most = `the topic takes ${publishBytesMax} bytes, ${publishEventsMax} events: raise its max.message.bytes`
      const message = `${bytes} bytes, ${events.length} events in one publish; ${most}`
      throw PublishError.all(events, 'too-large', message, { definite: true })
    }
    const partitions = events.map((event) => partitionOf(Buffer.from(event.key), this.#partitions))
    const running = this.#within(deadlineMs, sender, partitions)
    this.#running.add(running)
    try {
      await running
    } catch (cause) {
      // One batch for each partition: when there are several, the others may be stored.
      const tooLarge = sender.isTooLarge(cause)
      const definite = tooLarge && new Set(partitions).size === 1
      const code = tooLarge ? 'too-large' : cause instanceof FloodmarkError ? cause.code : 'unavailable'
      throw PublishError.all(events, code, `Kafka did not take it: ${reasonOf(cause)}`, { definite, cause })
    } finally {
      this.#running.delete(running)
    }
  }

  #within(deadlineMs: number, sender: PartitionedSend, partitions: readonly number[]): Promise<void> {
    return within(deadlineMs, this.#clock, sender.send(partitions), () => {
      sender.onLate()
      return new FloodmarkError('timeout', `no answer within ${deadlineMs} ms`)
    })
  }

  /** Takes no more publishes. Resolves when all running sends have settled. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#running)
  }
}
