import { encodedBytes } from '../../src/core/base/codec.ts'
import { within } from '../../src/core/base/within.ts'
import type { Clock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import { PublishError, type QueueTraits } from '../../src/core/contracts/queue.ts'
import { isUnsent } from './brokers.ts'
import { partitionOf } from './murmur2.ts'
import { reasonOf } from './trouble.ts'

/** Sends one batch through a client: once, to the given partitions, in the order of calls. */
export interface PartitionedSend {
  /** In parts that are stored or fail by themselves. */
  send(partitions: readonly number[]): readonly SentPart[]
  isTooLarge(error: unknown): boolean
}

export interface SentPart {
  /** Of its events in the batch. */
  readonly positions: readonly number[]
  /** Resolves when acks=all has come. */
  readonly done: Promise<void>
  /** Called when the deadline has passed and it is not done. */
  onLate(): void
}

/** Publishes to a topic: checks sizes, picks partitions, keeps the deadline. Knows the sends still running at close. */
export class Publishing {
  readonly #traits: QueueTraits
  readonly #clock: Clock
  readonly #partitions: () => number
  readonly #running = new Set<Promise<unknown>>()
  #closed = false

  /** `partitions`: how many the topic has by now. Where they become more, keys move, and an event may overtake those that wait. */
  constructor(traits: QueueTraits, clock: Clock, partitions: () => number) {
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
    const count = this.#partitions()
    const partitions = events.map((event) => partitionOf(Buffer.from(event.key), count))
    const running = this.#send(deadlineMs, sender, partitions)
    this.#running.add(running)
    const failures = await running
    this.#running.delete(running)
    if (failures.length === 0) return
    const unsafe = failures.flatMap(({ positions }) => positions)
    const { cause } = failures[0]!
    // One batch for each partition: when there are several, the others may be stored.
    const tooLarge = sender.isTooLarge(cause)
    const known = cause instanceof FloodmarkError ? cause : undefined
    const definite = tooLarge
      ? new Set(unsafe.map((at) => partitions[at])).size === 1
      : failures.every((one) => isUnsent(one.cause))
    const code = tooLarge ? 'too-large' : (known?.code ?? 'unavailable')
    throw new PublishError(code, `Kafka did not take it: ${reasonOf(cause)}`, { unsafe, definite, cause })
  }

  async #send(deadlineMs: number, sender: PartitionedSend, partitions: readonly number[]) {
    const sent = sender.send(partitions)
    const parts = sent.map(({ done, onLate }) =>
      within(deadlineMs, this.#clock, done, () => {
        onLate()
        return new FloodmarkError('timeout', `no answer within ${deadlineMs} ms`)
      }),
    )
    const ended = await Promise.allSettled(parts)
    return sent.flatMap(({ positions }, at) => {
      const one = ended[at]!
      return one.status === 'rejected' ? [{ positions, cause: one.reason as unknown }] : []
    })
  }

  /** Takes no more publishes. Resolves when all running sends have settled. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#running)
  }
}
