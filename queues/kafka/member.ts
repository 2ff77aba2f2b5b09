import { type Admin, type Connection, ConnectionPool, Consumer, heartbeatV4 } from '@platformatic/kafka'
import { LastingTrouble } from '../../src/core/base/backoff.ts'
import { type Clock, sleep } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import { type Brokers, isNoAnswer } from '../kafka-shared/brokers.ts'
import { Commits } from '../kafka-shared/commits.ts'
import type { PartitionLanes } from '../kafka-shared/lanes.ts'
import {
  CLOSE_WITHIN_MS,
  HEARTBEAT_MS,
  type Layout,
  REBALANCE_TIMEOUT_MS,
  RETRY_MS,
  REVOKE_WITHIN_MS,
  SESSION_TIMEOUT_MS,
} from '../kafka-shared/layout.ts'
import { Leaderless } from '../kafka-shared/leaderless.ts'
import { SettledRecords } from '../kafka-shared/settled.ts'
import { hungCoordinator, lostPlace, nothingCommitted, nothingConsumed, reasonOf } from '../kafka-shared/trouble.ts'
import { clientOptions, committedOf, deletingOf, isError, isLasting } from './cluster.ts'
import { Epochs } from './epochs.ts'
import { Fetching, type FetchingOptions } from './fetching.ts'
import { cut, despiteLeaderless } from './leaderless.ts'
import { placesToGoOn } from './places.ts'

/** Longer than any timer. The client gets it as its heartbeat interval, because heartbeats are sent here. */
const NEVER_MS = 2 ** 31 - 1
/** Errors that mean the group goes on without us: there is nothing to wait for. */
const OUT = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']

export interface KafkaMemberOptions {
  readonly admin: Admin
  readonly layout: Layout
  readonly brokers: Brokers
  readonly clock: Clock
  readonly lanes: PartitionLanes
  readonly onError: (error: unknown) => void
}

/** What outlives a membership. */
type KeptOver = Pick<FetchingOptions, 'leaderless' | 'epochs' | 'trouble'> & { readonly committing: LastingTrouble }

/** Gives the lanes their partitions until `finished` aborts. When a membership is lost, another one follows. */
export async function keepMember(
  options: KafkaMemberOptions,
  noMore: AbortSignal,
  finished: AbortSignal,
): Promise<void> {
  const { admin, layout, clock, lanes, onError } = options
  const { topic } = layout
  const kept = {
    leaderless: new Leaderless(topic, clock, onError),
    epochs: new Epochs(),
    trouble: new LastingTrouble(clock, nothingConsumed(topic), onError),
    committing: new LastingTrouble(clock, nothingCommitted(topic), onError),
  }
  const settled = new SettledRecords({
    ...{ topic, lanes, clock, onError },
    ...deletingOf(admin, topic),
  })
  if (layout.isOurs) void settled.run(finished)
  while (!finished.aborted) {
    const member = new KafkaMember(options, kept)
    lanes.onSettled = () => member.commits.soon()
    try {
      await member.run(noMore, finished)
      if (layout.isOurs) await settled.finish()
    } catch (cause) {
      lanes.assign(new Map())
      lanes.start()
      if (isLasting(cause)) throw new FloodmarkError('unavailable', `Kafka: ${reasonOf(cause)}`, { cause })
      kept.trouble.failed(isNoAnswer(cause) ? hungCoordinator() : reasonOf(cause))
    } finally {
      await member.close()
    }
    await sleep(clock, RETRY_MS, finished)
  }
}

/** One membership of the group: joins, fetches, commits, and hands its partitions over in good order. */
class KafkaMember {
  readonly #options: KafkaMemberOptions
  readonly #kept: KeptOver
  readonly #layout: Layout
  readonly #brokers: Brokers
  readonly #clock: Clock
  readonly #lanes: PartitionLanes
  readonly #consumer: Consumer
  readonly #fetches: ConnectionPool
  readonly #forget: () => void
  #aliveAtMs: number
  readonly #over = new AbortController()
  readonly commits: Commits

  constructor(options: KafkaMemberOptions, kept: KeptOver) {
    const { layout, brokers, clock, lanes } = options
    this.#options = options
    this.#kept = kept
    this.#layout = layout
    this.#brokers = brokers
    this.#clock = clock
    this.#lanes = lanes
    this.#consumer = new Consumer({ ...clientOptions(layout), groupId: layout.group, autocommit: false })
    despiteLeaderless(this.#consumer, layout.address, brokers)
    this.#consumer.topics.track(layout.topic)
    // A fetch waits at the broker, and a connection's requests are answered in turn. So heartbeats have their own connection.
    this.#fetches = new ConnectionPool('floodmark', clientOptions(layout))
    this.#forget = brokers.onSilent((broker) => cut(this.#fetches, broker))
    this.#aliveAtMs = clock.monotonic()
    const { topic } = layout
    this.commits = new Commits(lanes, clock, kept.committing, (due) => {
      const offsets = due.map(({ partition, offset }) => {
        return { topic, partition, offset: BigInt(offset), leaderEpoch: kept.epochs.before(partition, offset) }
      })
      return Promise.resolve(this.#consumer.commit({ offsets }))
    })
  }

  /** Fetches until `noMore` aborts, and is a member until `finished` aborts. @throws when the membership is lost. */
  async run(noMore: AbortSignal, finished: AbortSignal): Promise<void> {
    try {
      await this.#join(finished)
      let fetching = this.#startFetching(noMore)
      while (!finished.aborted) {
        await sleep(this.#clock, HEARTBEAT_MS, finished)
        if (fetching.failure !== undefined) throw fetching.failure
        if (finished.aborted || ((await this.#heartbeat()) && !fetching.isOutdated)) continue
        await this.#handOver()
        fetching.end()
        await this.#join(finished)
        fetching = this.#startFetching(noMore)
      }
      await this.commits.now()
    } finally {
      this.#over.abort()
      this.commits.end()
    }
  }

  #startFetching(noMore: AbortSignal): Fetching {
    const fetching = new Fetching({
      ...this.#options,
      topic: this.#layout.topic,
      consumer: this.#consumer,
      connections: this.#fetches,
      ...this.#kept,
    })
    void fetching.run(AbortSignal.any([noMore, this.#over.signal]))
    return fetching
  }

  async #join(finished: AbortSignal): Promise<void> {
    const options = {
      sessionTimeout: SESSION_TIMEOUT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
    }
    const joined = this.#consumer.joinGroup(options)
    // The client's own heartbeat joins again the moment a rebalance is asked for, while handlers still run on what
    // another member is about to get. It reads this only once it has joined.
    options.heartbeatInterval = NEVER_MS
    await orAborted(this.#brokers.during(joined, RETRY_MS), finished)
    const { topic } = this.#layout
    const partitions = this.#consumer.assignments?.find((one) => one.topic === topic)?.partitions ?? []
    this.#aliveAtMs = this.#clock.monotonic()
    const offsets = this.#brokers.during(this.#offsets(partitions))
    this.#lanes.assign(await orAborted(offsets, finished))
    this.#lanes.start()
    // Whatever could not be committed before is another member's by now, or is read again.
    for (const trouble of [this.#kept.trouble, this.#kept.committing]) trouble.worked()
  }

  /** Finds the offset to go on at: behind the committed one, else at the first event that exists. */
  async #offsets(partitions: readonly number[]): Promise<Map<number, number>> {
    const { topic, group } = this.#layout
    if (partitions.length === 0) return new Map()
    const wanted = new Map(partitions.map((one) => [one, -1]))
    for (const { partition, offset, leaderEpoch } of await committedOf(this.#options.admin, group, topic, partitions)) {
      wanted.set(partition, offset)
      this.#kept.epochs.noteCommitted(partition, offset, leaderEpoch)
    }
    const places = await placesToGoOn(this.#consumer, topic, wanted)
    for (const [partition, at] of places) {
      const offset = wanted.get(partition)!
      if (offset >= 0 && offset !== at) this.#options.onError(lostPlace(topic, partition, offset, at))
    }
    return places
  }

  /** False when the group asks all members to join again. @throws when we are no longer a member. */
  async #heartbeat(): Promise<boolean> {
    const sentAtMs = this.#clock.monotonic()
    const leftMs = Math.max(0, this.#aliveAtMs + SESSION_TIMEOUT_MS - sentAtMs)
    try {
      const late = sleep(this.#clock, leftMs).then(() => Promise.reject(new Error('no answer to a heartbeat')))
      await Promise.race([this.#brokers.during(this.#sendHeartbeat()), late])
      this.#aliveAtMs = sentAtMs
      return true
    } catch (error) {
      const asked = isError(error, 'REBALANCE_IN_PROGRESS')
      if (asked) this.#aliveAtMs = sentAtMs
      const lost = OUT.some((apiId) => isError(error, apiId))
      if (lost || this.#clock.monotonic() >= this.#aliveAtMs + SESSION_TIMEOUT_MS) throw error
      return !asked
    }
  }

  async #sendHeartbeat(): Promise<void> {
    const { groupId, generationId, memberId } = this.#consumer
    const coordinator = await this.#consumer.findGroupCoordinator()
    const connections: Map<number, Connection> = await this.#consumer.connectToBrokers([coordinator])
    await heartbeatV4.api.async(connections.get(coordinator)!, groupId, generationId, memberId!, null)
  }

  /** Running handlers may finish and are committed. Handlers that take too long are abandoned, and their events come again. */
  async #handOver(): Promise<void> {
    let stopped = false
    const stopping = this.#lanes.stop(REVOKE_WITHIN_MS).then(() => {
      stopped = true
    })
    while (!stopped) {
      await Promise.race([stopping, sleep(this.#clock, HEARTBEAT_MS)])
      if (!stopped) await this.#heartbeat()
    }
    await this.commits.now()
  }

  async close(): Promise<void> {
    this.#forget()
    // Leaving fails or hangs while the broker is away. Then the session timeout ends the membership.
    const left = Promise.resolve(this.#consumer.close(true)).catch(() => this.#consumer.connections.close())
    const closed = Promise.allSettled([left, this.#fetches.close()])
    await Promise.race([closed, sleep(this.#clock, CLOSE_WITHIN_MS)])
  }
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(new FloodmarkError('unavailable', 'the consumer was ended while it joined its group'))
    if (signal.aborted) aborted()
    signal.addEventListener('abort', aborted, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted))
  })
}
