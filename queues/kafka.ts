import { Admin, ProduceAcks, Producer } from '@platformatic/kafka'
import { publishingQuotas } from '../src/clients/kafka/quotas.ts'
import { encode } from '../src/core/base/codec.ts'
import { type Clock, systemClock } from '../src/core/contracts/clock.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../src/core/contracts/event.ts'
import type { ConsumeOptions, Depth, Handler, Queue, QueueDriver, QueueTraits } from '../src/core/contracts/queue.ts'
import { clientOptions, deleteGroup, describe, isError, lagOf, unless } from './kafka/cluster.ts'
import { despiteLeaderless, isNoLeader } from './kafka/leaderless.ts'
import { keepMember } from './kafka/member.ts'
import { KafkaConsuming } from './kafka-shared/consuming.ts'
import { type Layout, layoutOf, TOPIC_CONFIG, traitsOf } from './kafka-shared/layout.ts'
import { Publishing } from './kafka-shared/publishing.ts'
import { reasonOf } from './kafka-shared/trouble.ts'

/** Kafka by @platformatic/kafka. */
class KafkaQueue implements Queue {
  readonly traits: QueueTraits
  readonly #layout: Layout
  readonly #clock: Clock
  readonly #admin: Admin
  readonly #publishing: Publishing
  readonly #consuming: KafkaConsuming
  readonly #partitions: number
  #producer: ReturnType<typeof newProducer>

  constructor(layout: Layout, clock: Clock, admin: Admin, traits: QueueTraits, partitions: number) {
    this.#layout = layout
    this.#clock = clock
    this.#admin = admin
    this.traits = traits
    this.#partitions = partitions
    this.#producer = newProducer(layout)
    this.#consuming = new KafkaConsuming(clock)
    this.#publishing = new Publishing(traits, clock, partitions)
  }

  publish(events: readonly WebhookEvent[], { deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    return this.#publishing.publish(events, deadlineMs, {
      // A part for each leader, so that one that is away or hangs costs its own events only.
      send: (partitions) => {
        const { topic } = this.#layout
        const { client, leaderOf } = this.#producer
        const byLeader = Map.groupBy(partitions.keys(), (at) => leaderOf(topic, partitions[at]!))
        return [...byLeader.values()].map((positions) => {
          const messages = positions.map((at) => {
            const event = events[at]!
            return { topic, key: Buffer.from(event.key), value: encode(event), partition: partitions[at]! }
          })
          return { positions, done: this.#sendNow(client, messages) }
        })
      },
      isUnsent: (error) => isNoLeader(error),
      isTooLarge: (error) => isError(error, 'MESSAGE_TOO_LARGE'),
      // A connection that answers too late may be half open, and would hold up every later publish as well.
      onLate: () => {
        const late = this.#producer
        this.#producer = newProducer(this.#layout)
        Promise.resolve(late.client.close(true)).catch(() => {})
      },
    })
  }

  /** What a failure says of the leaders is not known to the client, which would go on with those that it knew. */
  async #sendNow(client: Producer, messages: Parameters<Producer['send']>[0]['messages']): Promise<void> {
    try {
      await client.send({ messages, acks: ProduceAcks.ALL })
    } catch (error) {
      client.clearMetadata()
      throw error
    }
  }

  consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    return this.#consuming.consume(handle, options, (lanes, noMore, finished) =>
      keepMember(this.#layout, this.#clock, lanes, noMore, finished, options.onError),
    )
  }

  /** Succeeds when the leader of every partition answers. A probe record would stay in the log. */
  async probe(): Promise<void> {
    await this.depth()
  }

  async depth(): Promise<Depth> {
    const lag = await lagOf(this.#admin, this.#layout.topic, this.#partitions)
    // Events that other processes have in hand are unknown here, and count as waiting.
    const inFlight = Math.min(lag, this.#consuming.inFlight)
    return { waiting: lag - inFlight, inFlight, oldestMs: undefined, exact: false }
  }

  async close(): Promise<void> {
    await this.#publishing.close()
    await Promise.all([this.#producer.client.close(true), this.#admin.close()])
  }
}

/** Never idempotent: this client fails concurrent sends of such a producer. Without retries: they would reorder events. */
function newProducer(layout: Layout) {
  const { compression } = layout.address
  const client = new Producer({
    ...clientOptions(layout),
    idempotent: false,
    repeatOnStaleMetadata: false,
    ...(compression && { compression }),
  })
  return { client, leaderOf: despiteLeaderless(client) }
}

function newAdmin(layout: Layout): Admin {
  const admin = new Admin(clientOptions(layout))
  despiteLeaderless(admin)
  return admin
}

const driver: QueueDriver = {
  server: 'kafka',
  async open(options) {
    const layout = layoutOf(options)
    const admin = newAdmin(layout)
    try {
      await admin
        .createTopics({
          topics: [layout.topic],
          partitions: layout.partitions,
          ...(layout.address.replication && { replicas: layout.address.replication }),
          configs: TOPIC_CONFIG,
        })
        .catch(unless('TOPIC_ALREADY_EXISTS'))
      const { facts, partitions } = await describe(admin, layout)
      return new KafkaQueue(
        layout,
        options.clock ?? systemClock,
        admin,
        traitsOf('kafka', layout.topic, facts),
        partitions,
      )
    } catch (cause) {
      await admin.close().catch(() => {})
      const message = `cannot open ${layout.topic} on Kafka at ${layout.address.brokers}: ${reasonOf(cause)}`
      throw new FloodmarkError('unavailable', message, { cause })
    }
  },

  quotas: (options) => publishingQuotas(layoutOf(options).address),

  async drop(options) {
    const layout = layoutOf(options)
    const admin = newAdmin(layout)
    try {
      await admin.deleteTopics({ topics: [layout.topic] }).catch(unless('UNKNOWN_TOPIC_OR_PARTITION'))
      await deleteGroup(admin, layout.topic)
    } catch (cause) {
      const message = `cannot delete ${layout.topic} on Kafka at ${layout.address.brokers}: ${reasonOf(cause)}`
      throw new FloodmarkError('unavailable', message, { cause })
    } finally {
      await admin.close().catch(() => {})
    }
  },
}
export default driver
