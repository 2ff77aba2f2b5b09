import { Admin, ProduceAcks, Producer } from '@platformatic/kafka'
import { publishingQuotas } from '../src/clients/kafka/quotas.ts'
import { encode } from '../src/core/base/codec.ts'
import { type Clock, systemClock } from '../src/core/contracts/clock.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../src/core/contracts/event.ts'
import type { ConsumeOptions, Depth, Handler, Queue, QueueDriver, QueueTraits } from '../src/core/contracts/queue.ts'
import { clientOptions, deleteGroup, describe, isError, lagOf, makeTopic, unless } from './kafka/cluster.ts'
import { cut, despiteLeaderless } from './kafka/leaderless.ts'
import { keepMember } from './kafka/member.ts'
import { Brokers, isUnsent, nameOf } from './kafka-shared/brokers.ts'
import { KafkaConsuming } from './kafka-shared/consuming.ts'
import { checkTopic, type Layout, layoutOf, traitsOf } from './kafka-shared/layout.ts'
import { Publishing } from './kafka-shared/publishing.ts'
import { cannot, reasonOf, TOO_LARGE } from './kafka-shared/trouble.ts'

const ACKS = { all: ProduceAcks.ALL, 1: ProduceAcks.LEADER } as const

/** Kafka by @platformatic/kafka. */
class KafkaQueue implements Queue {
  readonly traits: QueueTraits
  readonly #layout: Layout
  readonly #clock: Clock
  readonly #admin: Admin
  readonly #publishing: Publishing
  readonly #consuming: KafkaConsuming
  #partitions: number
  readonly #brokers: Brokers
  #producer: ReturnType<typeof newProducer>

  constructor(layout: Layout, clock: Clock, { admin, brokers }: KafkaAdmin, traits: QueueTraits, partitions: number) {
    this.#layout = layout
    this.#clock = clock
    this.#admin = admin
    this.#brokers = brokers
    this.traits = traits
    this.#partitions = partitions
    this.#producer = newProducer(layout, brokers)
    this.#consuming = new KafkaConsuming(clock)
    this.#publishing = new Publishing(traits, clock, () => this.#count())
  }

  publish(events: readonly WebhookEvent[], { deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    return this.#publishing.publish(events, deadlineMs, {
      // A part for each leader, so that one that is away or hangs costs its own events only.
      send: (partitions) => {
        const { topic } = this.#layout
        const { client, leaders } = this.#producer
        const byLeader = Map.groupBy(partitions.keys(), (at) => leaders.of(topic, partitions[at]!))
        return [...byLeader].map(([leader, positions]) => {
          const messages = positions.map((at) => {
            const event = events[at]!
            return { topic, key: Buffer.from(event.key), value: encode(event), partition: partitions[at]! }
          })
          const done = this.#sendNow(client, messages, leader)
          return { positions, done, onLate: () => this.#onLate(leader) }
        })
      },
      isTooLarge: (error) => TOO_LARGE.some((one) => isError(error, one)),
    })
  }

  /** A connection that answers too late may be half open, and would hold up every later publish as well. */
  #onLate(leader: number | undefined): void {
    void this.#brokers.check()
    const { client, leaders } = this.#producer
    const place = leader === undefined ? undefined : leaders.placeOf(leader)
    if (place) return cut(client.connections, nameOf(place))
    this.#producer = newProducer(this.#layout, this.#brokers)
    Promise.resolve(client.close(true)).catch(() => {})
  }

  /** Of partitions, by the newest metadata. */
  #count(): number {
    this.#partitions = this.#producer.leaders.count(this.#layout.topic) ?? this.#partitions
    return this.#partitions
  }

  /** What a failure says of the leaders is not known to the client, which would go on with those that it knew. */
  async #sendNow(
    client: Producer,
    messages: Parameters<Producer['send']>[0]['messages'],
    leader: number | undefined,
  ): Promise<void> {
    try {
      await client.send({ messages, acks: ACKS[this.#layout.address.acks] })
    } catch (error) {
      client.clearMetadata()
      if (leader !== undefined || !isUnsent(error)) throw error
      // It may have gone to several leaders, of which some have stored their part.
      throw new FloodmarkError('unavailable', `nobody knew the leaders yet: ${reasonOf(error)}`, {
        definite: false,
        cause: error,
      })
    }
  }

  consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    const kept = { admin: this.#admin, layout: this.#layout, brokers: this.#brokers, clock: this.#clock }
    const { onError = () => {} } = options
    return this.#consuming.consume(handle, options, (lanes, noMore, finished) =>
      keepMember({ ...kept, lanes, onError }, noMore, finished),
    )
  }

  /** Succeeds when the leader of every partition answers. A probe record would stay in the log. */
  async probe(): Promise<void> {
    await this.depth()
  }

  async depth(): Promise<Depth> {
    const lag = await this.#brokers.during(lagOf(this.#admin, this.#layout, this.#count())).catch((cause) => {
      throw new FloodmarkError('unavailable', `Kafka: ${reasonOf(cause)}`, { cause })
    })
    // Events that other processes have in hand are unknown here, and count as waiting.
    const inFlight = Math.min(lag, this.#consuming.inFlight)
    return { waiting: lag - inFlight, inFlight, oldestMs: undefined, exact: false }
  }

  async close(): Promise<void> {
    await this.#publishing.close()
    this.#brokers.close()
    await Promise.all([this.#producer.client.close(true), this.#admin.close()])
  }
}

/** Never idempotent: this client fails concurrent sends of such a producer. Without retries: they would reorder events. */
function newProducer(layout: Layout, brokers: Brokers) {
  const { compression } = layout.address
  const client = new Producer({
    ...clientOptions(layout),
    idempotent: false,
    repeatOnStaleMetadata: false,
    ...(compression && { compression }),
  })
  const leaders = despiteLeaderless(client, layout.address, brokers)
  // Before the first publish: until the leaders are known, events for several go in one send.
  Promise.resolve(client.metadata({ topics: [layout.topic] })).catch(() => {})
  return { client, leaders }
}

interface KafkaAdmin {
  readonly admin: Admin
  readonly brokers: Brokers
}

/** Asks of any broker but a silent one. */
async function startAsking(layout: Layout): Promise<KafkaAdmin> {
  const brokers = new Brokers(layout.address)
  await brokers.check()
  const admin = new Admin(clientOptions(layout))
  despiteLeaderless(admin, layout.address, brokers)
  return { admin, brokers }
}

const driver: QueueDriver = {
  server: 'kafka',
  async open(options) {
    const layout = layoutOf(options)
    const asking = await startAsking(layout)
    const { admin, brokers } = asking
    try {
      await brokers.during(makeTopic(admin, layout))
      // By now those are known that the address does not name.
      await brokers.check()
      const facts = await describe(admin, layout, brokers)
      checkTopic(layout, facts)
      const traits = traitsOf('kafka', layout, facts)
      return new KafkaQueue(layout, options.clock ?? systemClock, asking, traits, facts.partitions)
    } catch (cause) {
      brokers.close()
      await admin.close().catch(() => {})
      throw cannot('open', layout, brokers, cause)
    }
  },

  quotas: (options) => publishingQuotas(layoutOf(options).address),

  async drop(options) {
    const layout = layoutOf(options)
    // A topic that somebody named is theirs, and so is the place of its group.
    if (!layout.isOurs) return
    const { admin, brokers } = await startAsking(layout)
    try {
      await admin.deleteTopics({ topics: [layout.topic] }).catch(unless('UNKNOWN_TOPIC_OR_PARTITION'))
      await deleteGroup(admin, layout.group)
    } catch (cause) {
      throw cannot('delete', layout, brokers, cause)
    } finally {
      brokers.close()
      await admin.close().catch(() => {})
    }
  },
}
export default driver
