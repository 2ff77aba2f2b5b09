import type { ConnectionPool, Consumer } from '@platformatic/kafka'
import { type Clock, sleep } from '../../src/core/contracts/clock.ts'
import type { Arrived, PartitionLanes } from '../kafka-shared/lanes.ts'
import { FETCH_BYTES_MAX, FETCH_PARTITION_BYTES_MAX, FETCH_WAIT_MS, RETRY_MS } from '../kafka-shared/layout.ts'

type Fetched = Awaited<ReturnType<Consumer['fetch']>>

const IS_CONTROL = 1 << 5
/** While all our lanes are full, or we have none, the next look for work comes after so many ms. */
const LOOK_AGAIN_MS = 20

/**
 * Fetches for the lanes that have room, one request at a time for each broker. The client's stream cannot leave out one
 * partition. Here a lane that is held or full is simply not asked for.
 */
export class Fetching {
  readonly #consumer: Consumer
  readonly #connections: ConnectionPool
  readonly #topic: string
  readonly #lanes: PartitionLanes
  readonly #clock: Clock
  readonly #running = new Map<number, Promise<void>>()

  constructor(consumer: Consumer, connections: ConnectionPool, topic: string, lanes: PartitionLanes, clock: Clock) {
    this.#consumer = consumer
    this.#connections = connections
    this.#topic = topic
    this.#lanes = lanes
    this.#clock = clock
  }

  /** Fetches until the signal aborts. After a failure it waits and tries again, because the broker may come back. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#startFetches(signal)
      } catch {
        await sleep(this.#clock, RETRY_MS, signal)
      }
      const look = new AbortController()
      const pause = sleep(this.#clock, LOOK_AGAIN_MS, AbortSignal.any([signal, look.signal]))
      await Promise.race([pause, ...this.#running.values()])
      look.abort()
    }
  }

  async #startFetches(signal: AbortSignal): Promise<void> {
    const wanted = this.#lanes.wanted()
    if (wanted.length === 0) return
    const metadata = await this.#consumer.metadata({ topics: [this.#topic] })
    const { id, partitions } = metadata.topics.get(this.#topic)!
    const waitMs = wanted.length === this.#lanes.partitions ? FETCH_WAIT_MS : LOOK_AGAIN_MS
    const byLeader = Map.groupBy(wanted, ({ partition }) => partitions[partition]!.leader)
    for (const [leader, lanes] of byLeader) {
      if (this.#running.has(leader)) continue
      const from = new Map(lanes.map(({ partition, next }) => [partition, next]))
      const fetching = this.#fetch(leader, id, from, waitMs)
        .catch(() => {
          this.#consumer.clearMetadata()
          return sleep(this.#clock, RETRY_MS, signal)
        })
        .finally(() => this.#running.delete(leader))
      this.#running.set(leader, fetching)
    }
  }

  async #fetch(leader: number, topicId: string, from: ReadonlyMap<number, number>, maxWaitTime: number): Promise<void> {
    const partitions = [...from].map(([partition, next]) => ({
      partition,
      fetchOffset: BigInt(next),
      partitionMaxBytes: FETCH_PARTITION_BYTES_MAX,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
    }))
    const response = await this.#consumer.fetch({
      node: leader,
      topics: [{ topicId, partitions }],
      maxWaitTime,
      minBytes: 1,
      maxBytes: FETCH_BYTES_MAX,
      connectionPool: this.#connections,
    })
    this.#take(response, from)
  }

  #take(response: Fetched, from: ReadonlyMap<number, number>): void {
    for (const { partitionIndex, records } of response.responses.flatMap((topic) => topic.partitions)) {
      const asked = from.get(partitionIndex)
      if (asked === undefined) continue
      const arrived: Arrived[] = []
      let next = asked
      for (const batch of records ?? []) {
        const first = Number(batch.firstOffset)
        next = first + batch.lastOffsetDelta + 1
        if (batch.attributes & IS_CONTROL) continue
        for (const record of batch.records) {
          const offset = first + record.offsetDelta
          // The broker sends a whole batch, even when the offset asked for lies within it.
          if (offset >= asked) arrived.push({ offset, value: record.value ?? Buffer.alloc(0) })
        }
      }
      this.#lanes.add(partitionIndex, asked, arrived, next)
    }
  }
}
