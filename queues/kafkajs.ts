import { encode } from '../src/core/base/codec.ts'
import { type Clock, systemClock } from '../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../src/core/contracts/event.ts'
import type { ConsumeOptions, Depth, Handler, Queue, QueueDriver, QueueTraits } from '../src/core/contracts/queue.ts'
import { noLeader } from './kafka-shared/brokers.ts'
import { KafkaConsuming } from './kafka-shared/consuming.ts'
import { checkTopic, type Layout, layoutOf, METADATA_MAX_AGE_MS, traitsOf } from './kafka-shared/layout.ts'
import { Publishing, type SentPart } from './kafka-shared/publishing.ts'
import { cannot, TOO_LARGE } from './kafka-shared/trouble.ts'
import { deleteAll, describe, isError, lagOf, makeTopic } from './kafkajs/cluster.ts'
import { Connections } from './kafkajs/connections.ts'
import { keepMember } from './kafkajs/member.ts'
import { compressionOf, KafkaJsSending, type SendingLine } from './kafkajs/sending.ts'

/** Kafka by kafkajs. Topics and lanes are those of `kafka`: each queue reads the other's events. */
class KafkaJsQueue implements Queue {
  readonly traits: QueueTraits
  readonly #layout: Layout
  readonly #clock: Clock
  readonly #connections: Connections
  readonly #publishing: Publishing
  readonly #consuming: KafkaConsuming
  readonly #sending: KafkaJsSending

  constructor(layout: Layout, clock: Clock, connections: Connections, traits: QueueTraits, partitions: number) {
    this.#layout = layout
    this.#clock = clock
    this.#connections = connections
    this.traits = traits
    this.#publishing = new Publishing(traits, clock, () => connections.leaders.length || partitions)
    this.#consuming = new KafkaConsuming(clock)
    this.#sending = new KafkaJsSending(connections.writer, layout, traits.publishBytesMax)
  }

  publish(events: readonly WebhookEvent[], { deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    return this.#publishing.publish(events, deadlineMs, {
      send: (partitions) => {
        this.#connections.refresh(METADATA_MAX_AGE_MS)
        const { leaders } = this.#connections
        const lines = Map.groupBy(partitions.keys(), (at) => {
          return this.#sending.lineOf(partitions[at]!, leaders[partitions[at]!])
        })
        return [...lines].map(([line, positions]) => this.#part(line, positions, events, partitions))
      },
      isTooLarge: (error) => TOO_LARGE.some((one) => isError(error, one)),
    })
  }

  #part(
    line: SendingLine | undefined,
    positions: readonly number[],
    events: readonly WebhookEvent[],
    partitions: readonly number[],
  ): SentPart {
    const { brokers } = this.#connections
    const messages = positions.map((at) => {
      return { key: events[at]!.key, value: encode(events[at]!), partition: partitions[at]! }
    })
    const done = line ? this.#sending.send(line, messages) : Promise.reject(noLeader())
    // A leader that moved, or one that is back, is known at the next send.
    done.catch(() => this.#connections.refresh())
    const onLate = () => {
      void brokers.check()
      line?.renew()
    }
    return { positions, done, onLate }
  }

  consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    const kept = { connections: this.#connections, layout: this.#layout, clock: this.#clock }
    const { onError = () => {} } = options
    return this.#consuming.consume(handle, options, (lanes, noMore, finished) =>
      keepMember({ ...kept, lanes, noMore, finished, onError }),
    )
  }

  /** Succeeds when the leaders that are there answer. A probe record would stay in the log. */
  async probe(): Promise<void> {
    await this.depth()
  }

  async depth(): Promise<Depth> {
    const lag = await lagOf(this.#connections, this.#layout)
    // Events that other processes have in hand are unknown here, and count as waiting.
    const inFlight = Math.min(lag, this.#consuming.inFlight)
    return { waiting: lag - inFlight, inFlight, oldestMs: undefined, exact: false }
  }

  async close(): Promise<void> {
    await this.#publishing.close()
    await Promise.all([this.#sending.close(), this.#connections.close()])
  }
}

/** Runs with new connections, which are left open on success. */
async function connected<T>(
  layout: Layout,
  what: 'open' | 'delete',
  run: (connections: Connections) => Promise<T>,
): Promise<T> {
  const connections = new Connections(layout)
  try {
    await connections.start()
    return await run(connections)
  } catch (cause) {
    await connections.close().catch(() => {})
    throw cannot(what, layout, connections.brokers, cause)
  }
}

function unlessMissing(
  error: NodeJS.ErrnoException,
): Pick<typeof import('../src/clients/kafka/quotas.ts'), 'publishingQuotas'> {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
  return { publishingQuotas: async () => [{ of: 'unasked', needs: '@platformatic/kafka' }] }
}

const driver: QueueDriver = {
  server: 'kafka',
  async open(options) {
    const layout = layoutOf(options)
    compressionOf(layout)
    return connected(layout, 'open', async (connections) => {
      await makeTopic(connections, layout)
      // By now those are known that the address does not name.
      await connections.brokers.check()
      const facts = await describe(connections, layout)
      checkTopic(layout, facts)
      const traits = traitsOf('kafkajs', layout, facts)
      return new KafkaJsQueue(layout, options.clock ?? systemClock, connections, traits, facts.partitions)
    })
  },

  /** kafkajs has no question for it: the client of `kafka` asks, where it is installed. */
  async quotas(options) {
    const { publishingQuotas } = await import('../src/clients/kafka/quotas.ts').catch(unlessMissing)
    return publishingQuotas(layoutOf(options).address)
  },

  async drop(options) {
    const layout = layoutOf(options)
    // A topic that somebody named is theirs, and so is the place of its group.
    if (!layout.isOurs) return
    await connected(layout, 'delete', async (connections) => {
      await deleteAll(connections.admin, layout)
      await connections.close()
    })
  },
}
export default driver
