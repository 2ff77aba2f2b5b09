import type { Batch, Consumer, EachBatchPayload } from 'kafkajs'
import { LastingTrouble } from '../../src/core/base/backoff.ts'
import { type Clock, sleep } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import { Commits } from '../kafka-shared/commits.ts'
import { ANYWHERE, type PartitionLanes } from '../kafka-shared/lanes.ts'
import {
  CLOSE_WITHIN_MS,
  FETCH_BYTES_MAX,
  FETCH_PARTITION_BYTES_MAX,
  HEARTBEAT_MS,
  type Layout,
  METADATA_MAX_AGE_MS,
  REBALANCE_TIMEOUT_MS,
  REQUEST_TIMEOUT_MS,
  RETRY_MS,
  REVOKE_WITHIN_MS,
  SESSION_TIMEOUT_MS,
} from '../kafka-shared/layout.ts'
import { Leaderless } from '../kafka-shared/leaderless.ts'
import { SettledRecords } from '../kafka-shared/settled.ts'
import {
  hungCoordinator,
  lostPlace,
  nothingCommitted,
  nothingConsumed,
  otherPartitions,
} from '../kafka-shared/trouble.ts'
import { deletingOf, lastingTrouble } from './cluster.ts'
import type { Connections } from './connections.ts'

/** Less than with the other client: a resumed lane is fetched only when the fetch that left it out is over. */
const FETCH_WAIT_MS = 100
/** Above the number of partitions, so that no lane waits for another. */
const CONCURRENCY = 64
/** A join counts as failed while the group goes on rebalancing. */
const RETRIES_MAX = 8

export interface KafkaJsMemberOptions {
  readonly connections: Connections
  readonly layout: Layout
  readonly clock: Clock
  readonly lanes: PartitionLanes
  readonly noMore: AbortSignal
  readonly finished: AbortSignal
  readonly onError: (error: unknown) => void
}

/** Gives the lanes their partitions until `finished` aborts. When a consumer crashes, another one follows. */
export async function keepMember(options: KafkaJsMemberOptions): Promise<void> {
  const { connections, layout, clock, lanes, finished, onError } = options
  const { topic } = layout
  const settled = new SettledRecords({
    ...{ topic, lanes, clock, onError },
    ...deletingOf(connections.admin, topic),
  })
  if (layout.isOurs) void settled.run(finished)
  const trouble = new LastingTrouble(clock, nothingConsumed(topic), onError)
  const committing = new LastingTrouble(clock, nothingCommitted(topic), onError)
  const kept = {
    leaderless: new Leaderless(topic, clock, onError),
    committing,
    onJoined: () => {
      // Whatever could not be committed before is another member's by now, or is read again.
      for (const one of [trouble, committing]) one.worked()
    },
  }
  while (!finished.aborted) {
    const member = new KafkaJsMember(options, kept)
    try {
      await member.run()
      if (layout.isOurs) await settled.finish()
    } catch (cause) {
      lanes.assign(new Map())
      const lasting = lastingTrouble(cause)
      if (lasting) throw lasting
      trouble.failed(connections.isCoordinatorSilent ? hungCoordinator() : cause)
    } finally {
      await member.close()
    }
    await sleep(clock, RETRY_MS, finished)
  }
}

/** What outlives a consumer. */
interface KeptOnCrash {
  readonly leaderless: Leaderless
  readonly committing: LastingTrouble
  onJoined(): void
}

/**
 * One kafkajs consumer. It joins again whenever a heartbeat asks for it, and sends heartbeats between its batches. So a
 * batch ends only when its lane is quiet, and no rebalance can take a partition out of a handler's hands.
 */
class KafkaJsMember {
  readonly #connections: Connections
  readonly #kept: KeptOnCrash
  readonly #topic: string
  readonly #clock: Clock
  readonly #lanes: PartitionLanes
  readonly #noMore: AbortSignal
  readonly #finished: AbortSignal
  readonly #onError: (error: unknown) => void
  readonly #consumer: Consumer
  readonly #commits: Commits
  readonly #over = new AbortController()
  #handingOver: Promise<void> | undefined
  #aliveAtMs: number
  #joining = true
  #partitions = 0

  constructor(options: KafkaJsMemberOptions, kept: KeptOnCrash) {
    const { connections, layout, clock, lanes, noMore, finished, onError } = options
    this.#connections = connections
    this.#kept = kept
    this.#onError = onError
    this.#topic = layout.topic
    this.#clock = clock
    this.#lanes = lanes
    this.#noMore = noMore
    this.#finished = finished
    this.#consumer = connections.reader.consumer({
      groupId: layout.group,
      sessionTimeout: SESSION_TIMEOUT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      maxBytes: FETCH_BYTES_MAX,
      maxBytesPerPartition: FETCH_PARTITION_BYTES_MAX,
      allowAutoTopicCreation: false,
      // After a crash the next consumer is started here, and gets the events left in the lanes.
      retry: {
        retries: RETRIES_MAX,
        initialRetryTime: RETRY_MS,
        maxRetryTime: 1_000,
        restartOnFailure: async () => false,
      },
    })
    const topic = this.#topic
    this.#commits = new Commits(lanes, clock, kept.committing, (due) =>
      this.#consumer.commitOffsets(due.map((one) => ({ topic, ...one, offset: String(one.offset) }))),
    )
    this.#aliveAtMs = clock.monotonic()
    lanes.onSettled = () => this.#commits.soon()
    lanes.onHeld = (partition, offset, holdMs) => this.#hold(partition, offset, holdMs)
  }

  /** Is a member until `finished` aborts. @throws the error that made the consumer crash. */
  async run(): Promise<void> {
    const consumer = this.#consumer
    consumer.on(consumer.events.HEARTBEAT, () => {
      this.#aliveAtMs = this.#clock.monotonic()
    })
    consumer.on(consumer.events.REBALANCING, () => {
      this.#joining = true
    })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => this.#onJoin(payload.memberAssignment[this.#topic] ?? []))
    const crashed = new Promise<never>((_, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    })
    const ended = new Promise<void>((resolve) => {
      if (this.#finished.aborted) resolve()
      this.#finished.addEventListener('abort', () => resolve(), { once: true })
    })
    crashed.catch(() => {})
    const watching = this.#watch()
    await Promise.race([this.#start(), crashed, ended, watching])
    await Promise.race([crashed, ended, watching])
    await this.#commits.now()
  }

  /** The client waits long, and tries often, on a half-open connection. @throws when the group must have dropped us. */
  async #watch(): Promise<void> {
    for (;;) {
      await sleep(this.#clock, HEARTBEAT_MS, this.#over.signal)
      if (this.#over.signal.aborted) return
      const { leaders } = this.#connections
      this.#kept.leaderless.look(leaders)
      if (this.#partitions > 0 && leaders.length !== this.#partitions) {
        this.#onError(otherPartitions(this.#topic, this.#partitions, leaders.length))
      }
      this.#partitions = leaders.length
      if (this.#connections.someLeaderless) this.#connections.refresh()
      const silentMs = this.#clock.monotonic() - this.#aliveAtMs
      if (silentMs > (this.#joining ? REQUEST_TIMEOUT_MS : SESSION_TIMEOUT_MS)) {
        throw new FloodmarkError('unavailable', `no heartbeat was answered for ${Math.round(silentMs)} ms`)
      }
    }
  }

  async #start(): Promise<void> {
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topics: [this.#topic], fromBeginning: true })
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: CONCURRENCY,
      eachBatch: (payload) => this.#eachBatch(payload),
    })
  }

  /** All lanes begin anew, even those that stay: the client goes on behind the committed offset. */
  #onJoin(partitions: readonly number[]): void {
    if (this.#over.signal.aborted) return this.#leaveAgain()
    this.#aliveAtMs = this.#clock.monotonic()
    this.#joining = false
    this.#kept.onJoined()
    this.#lanes.assign(new Map())
    this.#lanes.assign(new Map(partitions.map((partition) => [partition, ANYWHERE])))
    this.#consumer.resume([{ topic: this.#topic, partitions: [...partitions] }])
    this.#handingOver = undefined
    this.#lanes.start()
  }

  async #eachBatch({ batch, heartbeat, resolveOffset }: EachBatchPayload): Promise<void> {
    // A consumer that was given up may still bring events. They belong to another consumer now.
    if (this.#over.signal.aborted) return this.#leaveAgain()
    const { partition } = batch
    const from = Number((batch as Batch & { readonly fetchedOffset: string }).fetchedOffset)
    const place = this.#lanes.placeOf(partition)
    if (place !== undefined && from < place) {
      // The log does not hold that offset any more, and this client went back to the log's start by itself.
      this.#lanes.restart(partition, from)
      this.#onError(lostPlace(this.#topic, partition, place, from))
    }
    const records = batch.messages.map(({ offset, value }) => {
      return { offset: Number(offset), value: value ?? Buffer.alloc(0) }
    })
    this.#lanes.add(partition, from, records, Number(batch.lastOffset()) + 1)
    resolveOffset(batch.lastOffset())
    const { signal } = this.#over
    while (!this.#finished.aborted && !signal.aborted && (this.#noMore.aborted || this.#lanes.isBusy(partition))) {
      await this.#lanes.change(HEARTBEAT_MS)
      try {
        await heartbeat()
      } catch (error) {
        if (signal.aborted) throw error
        this.#handingOver ??= this.#handOver(heartbeat)
        await this.#handingOver
        throw error
      }
    }
  }

  /** One that was told to leave while it joined forgets that, and would keep its partitions from others for ever. */
  #leaveAgain(): void {
    this.#consumer.disconnect().catch(() => {})
  }

  /** The lane keeps its events. Fetching from its first event again only brings the lane back to life in a batch. */
  #hold(partition: number, offset: number, holdMs: number): void {
    const topic = this.#topic
    this.#consumer.pause([{ topic, partitions: [partition] }])
    this.#consumer.seek({ topic, partition, offset: String(offset) })
    this.#clock.after(holdMs, () => {
      if (!this.#over.signal.aborted) this.#consumer.resume([{ topic, partitions: [partition] }])
    })
  }

  /** Running handlers may finish and are committed. Handlers that take too long are abandoned, and their events come again. */
  async #handOver(heartbeat: () => Promise<void>): Promise<void> {
    let stopped = false
    const stopping = this.#lanes.stop(REVOKE_WITHIN_MS).then(() => {
      stopped = true
    })
    while (!stopped) {
      await Promise.race([stopping, sleep(this.#clock, HEARTBEAT_MS)])
      if (!stopped) await heartbeat().catch(() => {})
    }
    await this.#commits.now()
  }

  async close(): Promise<void> {
    this.#over.abort()
    this.#commits.end()
    this.#lanes.onHeld = undefined
    this.#lanes.start()
    // Leaving fails or hangs while the broker is away. Then the session timeout ends the membership.
    await Promise.race([this.#consumer.disconnect().catch(() => {}), sleep(this.#clock, CLOSE_WITHIN_MS)])
  }
}
