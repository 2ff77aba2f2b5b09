import type { ConnectionPool, Consumer } from '@platformatic/kafka'
import type { LastingTrouble } from '../../src/core/base/backoff.ts'
import { type Clock, sleep } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import { type Brokers, NOBODY } from '../kafka-shared/brokers.ts'
import type { Arrived, PartitionLanes } from '../kafka-shared/lanes.ts'
import { FETCH_BYTES_MAX, FETCH_PARTITION_BYTES_MAX, FETCH_WAIT_MS, RETRY_MS } from '../kafka-shared/layout.ts'
import type { Leaderless } from '../kafka-shared/leaderless.ts'
import { lostPlace, otherPartitions, reasonOf } from '../kafka-shared/trouble.ts'
import { abortedIn, IS_CONTROL } from './aborted.ts'
import { isLasting } from './cluster.ts'
import type { Epochs } from './epochs.ts'
import { placesToGoOn } from './places.ts'

type Fetched = Awaited<ReturnType<Consumer['fetch']>>
type FetchedPartition = Fetched['responses'][number]['partitions'][number]

/** While all our lanes are full, or we have none, the next look for work comes after so many ms. */
const LOOK_AGAIN_MS = 20
const OFFSET_OUT_OF_RANGE = 1
/** A broker keeps sessions of fetches. One that it has forgotten, or that an answer with an error left behind, is begun anew. */
const SESSION_OVER = [70, 71, 106]

export interface FetchingOptions {
  readonly consumer: Consumer
  readonly connections: ConnectionPool
  readonly brokers: Brokers
  readonly topic: string
  readonly lanes: PartitionLanes
  readonly clock: Clock
  readonly leaderless: Leaderless
  readonly epochs: Epochs
  readonly trouble: LastingTrouble
  /** Told of events that cannot be delivered any more. Must not throw. */
  readonly onError: (error: unknown) => void
}

/**
 * Fetches for the lanes that have room, one request at a time for each broker. The client's stream cannot leave out one
 * partition. Here a lane that is held or full is simply not asked for.
 */
export class Fetching {
  readonly #options: FetchingOptions
  readonly #running = new Map<number, Promise<void>>()
  #topicId: string | undefined
  readonly #ended = new AbortController()
  /** At the join. */
  #partitions: number | undefined
  /** An error that does not go away by itself. */
  failure: unknown
  /** The topic has other partitions than at the join: the group has to share them out anew. */
  isOutdated = false

  constructor(options: FetchingOptions) {
    this.#options = options
  }

  /** Fetches until the signal aborts. After a failure it waits and tries again, because the broker may come back. */
  async run(until: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const signal = AbortSignal.any([until, this.#ended.signal])
    while (!signal.aborted) {
      try {
        await this.#startFetches(signal)
      } catch (error) {
        this.#onFailure(error)
        await sleep(clock, RETRY_MS, signal)
      }
      const look = new AbortController()
      const pause = sleep(clock, LOOK_AGAIN_MS, AbortSignal.any([signal, look.signal]))
      await Promise.race([pause, ...this.#running.values()])
      look.abort()
    }
  }

  /** Starts no more fetches. What is under way still comes to lanes that are ours. */
  end(): void {
    this.#ended.abort()
  }

  #onFailure(error: unknown): void {
    this.#options.consumer.clearMetadata()
    this.#options.trouble.failed(reasonOf(error))
    if (isLasting(error)) this.failure = error
  }

  async #startFetches(signal: AbortSignal): Promise<void> {
    const { consumer, topic, lanes, clock, leaderless, epochs, onError } = this.#options
    const wanted = lanes.wanted()
    if (wanted.length === 0) return
    const metadata = await consumer.metadata({ topics: [topic] })
    const { id, partitions } = metadata.topics.get(topic)!
    if (this.#topicId !== undefined && this.#topicId !== id) this.#onNewTopic()
    this.#topicId = id
    this.#partitions ??= partitions.length
    if (partitions.length !== this.#partitions && !this.isOutdated) {
      this.isOutdated = true
      onError(otherPartitions(topic, this.#partitions, partitions.length))
    }
    const waitMs = wanted.length === lanes.partitions ? FETCH_WAIT_MS : LOOK_AGAIN_MS
    const byLeader = Map.groupBy(wanted, ({ partition }) => partitions[partition]?.leader ?? NOBODY)
    leaderless.look(partitions.map(({ leader }) => leader))
    byLeader.delete(NOBODY)
    for (const [leader, group] of byLeader) {
      if (this.#running.has(leader)) continue
      const asked = group.map(({ partition, next }) => ({
        partition,
        fetchOffset: BigInt(next),
        partitionMaxBytes: FETCH_PARTITION_BYTES_MAX,
        currentLeaderEpoch: partitions[partition]!.leaderEpoch,
        lastFetchedEpoch: epochs.before(partition, next),
      }))
      const fetching = this.#fetch(leader, { topicId: id, partitions: asked }, waitMs)
        .catch((error: unknown) => {
          this.#onFailure(error)
          return sleep(clock, RETRY_MS, signal)
        })
        .finally(() => this.#running.delete(leader))
      this.#running.set(leader, fetching)
    }
  }

  async #fetch(node: number, asked: AskedTopic, maxWaitTime: number): Promise<void> {
    const { consumer, connections, brokers } = this.#options
    const fetched = Promise.resolve(
      consumer.fetch({
        node,
        // The client changes what it is given when a broker fails.
        topics: [{ ...asked, partitions: asked.partitions.map((one) => ({ ...one })) }],
        maxWaitTime,
        minBytes: 1,
        maxBytes: FETCH_BYTES_MAX,
        connectionPool: connections,
      }),
    )
    const response = await brokers.during(fetched, maxWaitTime).catch(answerIn)
    if (SESSION_OVER.includes(response.errorCode)) return
    const from = new Map(asked.partitions.map(({ partition, fetchOffset }) => [partition, Number(fetchOffset)]))
    const beyond: number[] = []
    let failed = false
    for (const one of response.responses.flatMap((topic) => topic.partitions)) {
      const next = from.get(one.partitionIndex)
      if (next === undefined) continue
      if (one.errorCode === OFFSET_OUT_OF_RANGE) beyond.push(one.partitionIndex)
      else if (one.errorCode !== 0) failed = true
      else if (one.divergingEpoch && one.divergingEpoch.epoch >= 0) {
        // A leader without some of the events took over. From there on its log holds others, at the same offsets.
        this.#goOnAt(one.partitionIndex, next, Number(one.divergingEpoch.endOffset))
      } else this.#take(one, next)
    }
    if (beyond.length > 0) await this.#goOnElsewhere(beyond, from)
    // What the other partitions brought is taken. The error is still that of a leader that moved, or one that lasts.
    if (failed) throw errorOf(response)
    this.#options.trouble.worked()
  }

  #take({ partitionIndex, records, abortedTransactions }: FetchedPartition, asked: number): void {
    const { lanes, epochs } = this.#options
    const arrived: Arrived[] = []
    const isAborted = abortedIn(abortedTransactions)
    let next = asked
    for (const batch of records ?? []) {
      const first = Number(batch.firstOffset)
      next = first + batch.lastOffsetDelta + 1
      epochs.note(partitionIndex, first, next, batch.partitionLeaderEpoch)
      if (isAborted(batch) || batch.attributes & IS_CONTROL) continue
      for (const record of batch.records) {
        const offset = first + record.offsetDelta
        // The broker sends a whole batch, even when the offset asked for lies within it.
        if (offset >= asked) arrived.push({ offset, value: record.value ?? Buffer.alloc(0) })
      }
    }
    lanes.add(partitionIndex, asked, arrived, next)
  }

  async #goOnElsewhere(beyond: readonly number[], from: ReadonlyMap<number, number>): Promise<void> {
    const { consumer, topic, epochs } = this.#options
    // A log that knows nothing of the epoch is another one, although it has the offset: nobody knows where the two part.
    const wanted = beyond.map((one) => [one, epochs.before(one, from.get(one)!) < 0 ? from.get(one)! : -1] as const)
    const places = await placesToGoOn(consumer, topic, new Map(wanted))
    for (const [partition, at] of places) this.#goOnAt(partition, from.get(partition)!, at)
  }

  #goOnAt(partition: number, asked: number, at: number): void {
    const { lanes, epochs, onError, topic } = this.#options
    epochs.forget(partition)
    if (at === asked) return
    lanes.restart(partition, at)
    onError(lostPlace(topic, partition, asked, at))
  }

  /** The topic was deleted and made anew: nothing of its offsets means anything. */
  #onNewTopic(): void {
    const { lanes, epochs, onError, topic } = this.#options
    epochs.clear()
    for (const partition of lanes.held()) lanes.restart(partition, 0)
    onError(
      new FloodmarkError('unavailable', `the topic ${topic} was deleted and made anew: it is read from its start`),
    )
  }
}

interface AskedTopic {
  readonly topicId: string
  readonly partitions: {
    partition: number
    fetchOffset: bigint
    partitionMaxBytes: number
    currentLeaderEpoch: number
    lastFetchedEpoch: number
  }[]
}

const errorsOfAnswers = new WeakMap<Fetched, unknown>()

/** This client throws a whole answer away when one partition in it has an error. @throws an error that holds no answer. */
function answerIn(error: unknown): Fetched {
  const answer = (error as { readonly response?: Fetched }).response
  if (!Array.isArray(answer?.responses)) throw error
  errorsOfAnswers.set(answer, error)
  return answer
}

const errorOf = (answer: Fetched) => errorsOfAnswers.get(answer)
