import type { Admin, Kafka } from 'kafkajs'
import { encode } from '../src/core/base/codec.ts'
import { type Clock, systemClock } from '../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../src/core/contracts/event.ts'
import type { ConsumeOptions, Depth, Handler, Queue, QueueDriver, QueueTraits } from '../src/core/contracts/queue.ts'
import { KafkaConsuming } from './kafka-shared/consuming.ts'
import { type Layout, layoutOf, traitsOf } from './kafka-shared/layout.ts'
import { Publishing } from './kafka-shared/publishing.ts'
import { connect, createTopic, deleteAll, describe, isError, lagOf } from './kafkajs/cluster.ts'
import { keepMember } from './kafkajs/member.ts'
import { KafkaJsSending } from './kafkajs/sending.ts'

/** Kafka by kafkajs. Topics and lanes are those of `kafka`: each queue reads the other's events. */
class KafkaJsQueue implements Queue {
  readonly traits: QueueTraits
  readonly #layout: Layout
  readonly #clock: Clock
  readonly #kafka: Kafka
  readonly #admin: Admin
  readonly #publishing: Publishing
  readonly #consuming: KafkaConsuming
  readonly #sending: KafkaJsSending

  constructor(layout: Layout, clock: Clock, kafka: Kafka, admin: Admin, traits: QueueTraits, partitions: number) {
    this.#layout = layout
    this.#clock = clock
    this.#kafka = kafka
    this.#admin = admin
    this.traits = traits
    this.#publishing = new Publishing(traits, clock, partitions)
    this.#consuming = new KafkaConsuming(clock)
    this.#sending = new KafkaJsSending(kafka, layout, traits.publishBytesMax)
  }

  publish(events: readonly WebhookEvent[], { deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    return this.#publishing.publish(events, deadlineMs, {
      send: (partitions) => {
        const messages = events.map((event, at) => {
          return { key: event.key, value: encode(event), partition: partitions[at]! }
        })
        const bytes = messages.reduce((sum, { value }) => sum + value.length, 0)
        return [{ positions: events.map((_, at) => at), done: this.#sending.send(messages, bytes) }]
      },
      isTooLarge: (error) => isError(error, 'MESSAGE_TOO_LARGE'),
      onLate: () => this.#sending.renew(),
    })
  }

  consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    return this.#consuming.consume(handle, options, (lanes, noMore, finished) =>
      keepMember(this.#kafka, this.#layout, this.#clock, lanes, noMore, finished, options.onError),
    )
  }

  /** Succeeds when the leader of every partition answers. A probe record would stay in the log. */
  async probe(): Promise<void> {
    await this.depth()
  }

  async depth(): Promise<Depth> {
    const lag = await lagOf(this.#admin, this.#layout.topic)
    // Events that other processes have in hand are unknown here, and count as waiting.
    const inFlight = Math.min(lag, this.#consuming.inFlight)
    return { waiting: lag - inFlight, inFlight, oldestMs: undefined, exact: false }
  }

  async close(): Promise<void> {
    await this.#publishing.close()
    await Promise.all([this.#sending.close(), this.#admin.disconnect()])
  }
}

/** Runs with a new admin client, which is left connected on success. */
async function withAdmin<T>(layout: Layout, what: string, run: (kafka: Kafka, admin: Admin) => Promise<T>): Promise<T> {
  const kafka = connect(layout)
  const admin = kafka.admin()
  try {
    await admin.connect()
    return await run(kafka, admin)
  } catch (cause) {
    await admin.disconnect().catch(() => {})
    const message = `cannot ${what} ${layout.topic} on Kafka at ${layout.address.brokers}: ${messageOf(cause)}`
    throw new FloodmarkError('unavailable', message, { cause })
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
    return withAdmin(layout, 'open', async (kafka, admin) => {
      await createTopic(admin, layout)
      const { facts, partitions } = await describe(admin, layout)
      const traits = traitsOf('kafkajs', layout.topic, facts)
      return new KafkaJsQueue(layout, options.clock ?? systemClock, kafka, admin, traits, partitions)
    })
  },

  /** kafkajs has no question for it: the client of `kafka` asks, where it is installed. */
  async quotas(options) {
    const { publishingQuotas } = await import('../src/clients/kafka/quotas.ts').catch(unlessMissing)
    return publishingQuotas(layoutOf(options).address)
  },

  async drop(options) {
    const layout = layoutOf(options)
    await withAdmin(layout, 'delete', async (_, admin) => {
      await deleteAll(admin, layout.topic)
      await admin.disconnect()
    })
  },
}
export default driver
