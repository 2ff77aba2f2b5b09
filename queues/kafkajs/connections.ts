import kafkajs, { type Admin, type Kafka, type SASLOptions } from 'kafkajs'
import { systemClock } from '../../src/core/contracts/clock.ts'
import { type BrokerPlace, Brokers, NOBODY } from '../kafka-shared/brokers.ts'
import { CONNECT_TIMEOUT_MS, type Layout, REQUEST_TIMEOUT_MS, RETRY_MS } from '../kafka-shared/layout.ts'
import { type ReadableOptions, readableAnswers } from './answers.ts'
import { silenceNegativeTimers } from './quiet.ts'
import { teachZstd } from './zstd.ts'

silenceNegativeTimers()
teachZstd()

/** While a partition has no leader, the brokers are asked again after so many ms. */
const ASK_AGAIN_MS = 500

/** The clients of one queue, and what is known of its brokers and of who leads each partition. */
export class Connections {
  readonly #layout: Layout
  readonly brokers: Brokers
  /** For those who publish. */
  readonly writer: Kafka
  /** For consumers and the admin: of a topic they see the partitions that have a leader. */
  readonly reader: Kafka
  readonly admin: Admin
  /** By partition: NOBODY where none leads it that answers. Empty while nothing is known. */
  leaders: readonly number[] = []
  #coordinator: BrokerPlace | undefined
  #askedAtMs = Number.NEGATIVE_INFINITY

  constructor(layout: Layout) {
    this.#layout = layout
    this.brokers = new Brokers(layout.address)
    this.writer = this.#client(false)
    this.reader = this.#client(true)
    this.admin = this.reader.admin()
    this.brokers.onSilent(() => this.refresh())
  }

  #client(withoutLeaderless: boolean): Kafka {
    const { address, topic } = this.#layout
    const { brokers } = this
    const onLeaders: ReadableOptions['onLeaders'] = (leaders) => {
      this.leaders = leaders
    }
    const onCoordinator: ReadableOptions['onCoordinator'] = (coordinator) => {
      this.#coordinator = coordinator
    }
    return new kafkajs.Kafka({
      clientId: 'floodmark',
      brokers: () => brokers.answering(),
      ...(address.tls && { ssl: address.tls }),
      ...(address.sasl && { sasl: saslOf(address.sasl) }),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      logLevel: kafkajs.logLevel.NOTHING,
      socketFactory: readableAnswers({ brokers, topic, withoutLeaderless, onLeaders, onCoordinator }),
      retry: { retries: 2, initialRetryTime: RETRY_MS, maxRetryTime: 1_000 },
    })
  }

  async start(): Promise<void> {
    await this.brokers.check()
    await this.admin.connect()
  }

  /** Whether the broker that keeps the consumers is silent. */
  get isCoordinatorSilent(): boolean {
    return this.brokers.isSilent(this.#coordinator)
  }

  get someLeaderless(): boolean {
    return this.leaders.includes(NOBODY)
  }

  /** Asks who leads each partition. Empty while the topic is not known everywhere: kafkajs trips over an answer that it does not have. */
  async look(): Promise<readonly number[]> {
    this.#askedAtMs = systemClock.monotonic()
    try {
      await this.admin.fetchTopicMetadata({ topics: [this.#layout.topic] })
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      return []
    }
    return this.leaders
  }

  /** Asks in the background, unless it was asked just now. */
  refresh(maxAgeMs = ASK_AGAIN_MS): void {
    if (systemClock.monotonic() - this.#askedAtMs >= maxAgeMs) this.look().catch(() => {})
  }

  async close(): Promise<void> {
    this.brokers.close()
    await this.admin.disconnect()
  }
}

/** kafkajs writes the mechanisms small, and asks for a token each time. */
function saslOf(login: NonNullable<Layout['address']['sasl']>): SASLOptions {
  if (login.mechanism === 'OAUTHBEARER') {
    return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: login.token() }) }
  }
  const { username, password } = login
  return { mechanism: login.mechanism.toLowerCase(), username, password } as SASLOptions
}
