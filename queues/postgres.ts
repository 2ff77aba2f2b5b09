import { PostgresPool } from '../src/clients/postgres/connection.ts'
import { connectionsAt } from '../src/clients/postgres/connections.ts'
import { ASK_POSTGRES, judgePostgres, type PostgresFacts } from '../src/clients/postgres/facts.ts'
import { schemaOf } from '../src/clients/postgres/namespace.ts'
import { type Clock, systemClock } from '../src/core/contracts/clock.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../src/core/contracts/event.ts'
import {
  type ConsumeOptions,
  type Depth,
  type Handler,
  PublishError,
  type Queue,
  type QueueDriver,
  type QueueOpenOptions,
  type QueueTraits,
} from '../src/core/contracts/queue.ts'
import { LaneConsumer } from './postgres/consumer.ts'
import { listen } from './postgres/listener.ts'
import { PUBLISH_MAX, StoringInTurn } from './postgres/publisher.ts'
import { areTablesThere, type QueueStatements, statementsOf, tablesOf } from './postgres/statements.ts'

const BYTES_MAX = 4 * 1024 * 1024 * 1024
const OPEN_MS = 5_000
const ASK_MS = 5_000
/** How many bytes are stored is asked every so many ms; until then what was published here is added. */
const STORED_EVERY_MS = 1_000
/** Connections of a process: to store, and to consume. The one that listens is among the latter. */
const STORING_MAX = 2
const CONSUMING_MAX = 8
/** The server ends by itself what nobody waits for any more. */
const GIVEN_UP = 'SET statement_timeout = 30000'

/**
 * PostgreSQL. A lane's events are taken together, under a lease: SKIP LOCKED keeps consumers out of each other's way. A publish is
 * one transaction; those that wait for each other share one. Consumers are told by NOTIFY, and look now and then anyway.
 */
class PostgresQueue implements Queue {
  readonly traits: QueueTraits
  /** Publishes and probes, as durable as the server is. One publish goes at a time. */
  readonly #storing: PostgresPool
  /** Leases and acks: what the server loses of them comes again. */
  readonly #consuming: PostgresPool
  readonly #statements: QueueStatements
  readonly #channel: string
  readonly #bytesMax: number
  readonly #clock: Clock
  readonly #publisher: StoringInTurn
  readonly #consumers = new Set<LaneConsumer>()
  readonly #closing = new AbortController()
  readonly #publishing = new Set<Promise<void>>()
  #storedBytes = 0
  #storedAtMs = Number.NEGATIVE_INFINITY
  #isNotifying = false
  #isToNotify = false

  constructor(schema: string, storing: PostgresPool, facts: PostgresFacts, options: QueueOpenOptions) {
    this.#storing = storing
    this.#consuming = new PostgresPool(options.url, {
      connectionsMax: CONSUMING_MAX,
      settings: `${GIVEN_UP}; SET synchronous_commit = off`,
    })
    this.#statements = statementsOf(schema)
    this.#channel = schema
    this.#bytesMax = options.bytesMax ?? BYTES_MAX
    this.#clock = options.clock ?? systemClock
    this.#publisher = new StoringInTurn(storing, this.#statements.publish, {
      checkRoom: (ms) => this.#checkRoom(ms),
      onStored: (bytes) => this.#onStored(bytes),
    })
    this.traits = {
      name: 'postgres',
      server: facts.text,
      survives: facts.survives,
      ...(facts.folders.length > 0 && { dataFolders: facts.folders }),
      order: 'key',
      countsDeliveries: false,
      dedupWindowMs: 0,
      shared: true,
      publishEventsMax: PUBLISH_MAX.events,
      publishBytesMax: PUBLISH_MAX.bytes,
    }
  }

  async publish(events: readonly WebhookEvent[], { deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    if (events.length === 0) return
    const publishing = this.#publish(events, deadlineMs)
    this.#publishing.add(publishing)
    const forget = () => this.#publishing.delete(publishing)
    publishing.then(forget, forget)
    return publishing
  }

  async #publish(events: readonly WebhookEvent[], deadlineMs: number): Promise<void> {
    if (this.#closing.signal.aborted) {
      throw PublishError.all(events, 'unavailable', 'the queue is closed', { definite: true })
    }
    await this.#publisher.publish(events, deadlineMs)
  }

  /** What is stored is asked again when the answer is old, and before anything is refused. */
  async #checkRoom(ms: number): Promise<void> {
    const isKnown = this.#clock.monotonic() - this.#storedAtMs < STORED_EVERY_MS
    if (isKnown && this.#storedBytes < this.#bytesMax) return
    const full = await this.#whyFull(ms)
    if (full) throw new FloodmarkError('overloaded', full)
  }

  async #whyFull(ms: number): Promise<string | undefined> {
    const { rows } = await this.#consuming.repeat(ms, { name: 'fm_stored', text: this.#statements.stored })
    this.#storedBytes = Number(rows[0]!.bytes)
    this.#storedAtMs = this.#clock.monotonic()
    if (this.#storedBytes < this.#bytesMax) return undefined
    return `the queue holds ${this.#storedBytes} of ${this.#bytesMax} bytes`
  }

  #onStored(bytes: number): void {
    this.#storedBytes += bytes
    for (const consumer of this.#consumers) consumer.wake()
    this.#isToNotify = true
    if (!this.#isNotifying) void this.#notify()
  }

  /**
   * Tells the consumers of other processes, in a transaction of its own: those that notify wait for each other while they are
   * committed, and this one waits for no disk. One that is lost delays an event until somebody looks.
   */
  async #notify(): Promise<void> {
    this.#isNotifying = true
    while (this.#isToNotify) {
      this.#isToNotify = false
      await this.#consuming.once(ASK_MS, `NOTIFY ${this.#channel}`).catch(() => {})
    }
    this.#isNotifying = false
  }

  async consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    const consumer = new LaneConsumer(this.#consuming, this.#statements, this.#clock, options)
    const over = new AbortController()
    const signal = AbortSignal.any([over.signal, options.signal])
    const listening = listen(this.#consuming, this.#channel, this.#clock, () => consumer.wake(), signal)
    this.#consumers.add(consumer)
    try {
      await consumer.run(handle)
    } finally {
      this.#consumers.delete(consumer)
      over.abort()
      await listening
    }
  }

  async probe(): Promise<void> {
    await this.#storing.once(ASK_MS, { name: 'fm_probe', text: this.#statements.probe })
    await this.#checkRoom(ASK_MS)
  }

  async depth(): Promise<Depth> {
    const { rows } = await this.#consuming.repeat(ASK_MS, { name: 'fm_depth', text: this.#statements.depth })
    const { events, in_flight: inFlight, oldest_ms: oldestMs } = rows[0] as Record<string, number | null>
    return {
      waiting: events! - inFlight!,
      inFlight: inFlight!,
      oldestMs: oldestMs === null ? undefined : Math.max(0, oldestMs!),
      exact: true,
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled(this.#publishing)
    await Promise.all([this.#storing.close(), this.#consuming.close()])
  }
}

const driver: QueueDriver = {
  server: 'postgres',
  async open(options) {
    const schema = schemaOf('queue', options.namespace)
    const storing = new PostgresPool(options.url, { connectionsMax: STORING_MAX, settings: GIVEN_UP })
    try {
      const facts = judgePostgres((await storing.once(OPEN_MS, ASK_POSTGRES)).rows)
      const [known] = (await storing.once(OPEN_MS, areTablesThere(schema))).rows
      if (!known?.there) await storing.once(OPEN_MS, tablesOf(schema))
      return new PostgresQueue(schema, storing, facts, options)
    } catch (error) {
      await storing.close()
      throw error
    }
  },
  quotas: ({ url }) => connectionsAt(url, { eachProcess: STORING_MAX + CONSUMING_MAX }),
  async drop({ url, namespace }) {
    const pool = new PostgresPool(url, { connectionsMax: 1 })
    const statement = `DROP SCHEMA IF EXISTS ${schemaOf('queue', namespace)} CASCADE`
    await pool.once(2 * OPEN_MS, statement).finally(() => pool.close())
  },
}
export default driver
