import { RedisConnection } from '../src/clients/redis/connection.ts'
import type { JudgedRedis } from '../src/clients/redis/facts.ts'
import { MemoryRoom } from '../src/clients/redis/memory-room.ts'
import { runScript } from '../src/clients/redis/script.ts'
import { encode } from '../src/core/base/codec.ts'
import { systemClock } from '../src/core/contracts/clock.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../src/core/contracts/event.ts'
import {
  type ConsumeOptions,
  type Depth,
  type Handler,
  PublishError,
  type Queue,
  type QueueOpenOptions,
  type QueueTraits,
} from '../src/core/contracts/queue.ts'
import { redisDriver, traitsOn } from './redis/driver.ts'
import { PROBE_KEPT_MS, PROBE_VALUE } from './redis/probe.ts'
import { READERS, StreamsConsumer } from './redis-streams/consumer.ts'
import { type Keys, keysOf, shardOf } from './redis-streams/keys.ts'
import { OrderedScript } from './redis-streams/ordered-script.ts'
import { DEPTH, PUBLISH } from './redis-streams/scripts.ts'

const BYTES_MAX = 1024 * 1024 * 1024
const DEPTH_MS = 5_000

/**
 * Redis Streams. A key's events lie in one of 16 streams. One consumer at a time reads a stream, under a lease. A publish
 * is one script, so it happens as a whole or not at all, and never twice.
 */
class RedisStreams implements Queue {
  readonly traits: QueueTraits
  readonly #url: string
  readonly #keys: Keys
  readonly #bytesMax: number
  readonly #keptMs: number | undefined
  readonly #clock
  readonly #connection: RedisConnection
  readonly #storing: OrderedScript
  readonly #memory: MemoryRoom

  constructor(redis: JudgedRedis, options: QueueOpenOptions) {
    this.#connection = redis.connection
    this.#url = options.url
    this.#keys = keysOf(options.namespace)
    this.#bytesMax = options.bytesMax ?? BYTES_MAX
    this.#keptMs = options.keptMs
    this.#clock = options.clock ?? systemClock
    this.#storing = new OrderedScript(redis.connection, this.#clock, PUBLISH)
    this.traits = traitsOn(redis, {
      name: 'redis-streams',
      order: 'key',
      countsDeliveries: false,
      dedupWindowMs: 0,
      shared: true,
      publishEventsMax: 1_024,
      publishBytesMax: 26 * 1024 * 1024,
    })
    this.#memory = new MemoryRoom(redis.connection, this.#clock, redis.facts)
  }

  async publish(events: readonly WebhookEvent[], { deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    if (events.length === 0) return
    const refuse = (code: 'too-large' | 'overloaded', message: string) =>
      PublishError.all(events, code, message, { definite: true })
    let bytes = 0
    const entries = events.flatMap((event) => {
      const entry = encode(event)
      bytes += entry.length
      return [shardOf(event.key) + 1, entry]
    })
    if (bytes > this.traits.publishBytesMax) throw refuse('too-large', `${bytes} bytes in one publish`)
    const names = [this.#keys.bytes, ...this.#keys.shards.map(({ stream }) => stream)]
    let stored: number
    try {
      this.#memory.take(events.length, bytes)
      const head = [this.#bytesMax, bytes, this.#keptMs ?? '']
      stored = await this.#storing.run<number>(deadlineMs, names, [...head, ...entries])
    } catch (cause) {
      const { code, message, definite } = cause as FloodmarkError
      throw PublishError.all(events, code, message, { definite, cause })
    }
    if (stored >= 0) throw refuse('overloaded', `the queue holds ${stored} of ${this.#bytesMax} bytes`)
  }

  async consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    const waiters = Array.from({ length: READERS }, () => new RedisConnection(this.#url, this.#clock))
    try {
      const kept = { ...options, keptMs: this.#keptMs }
      await new StreamsConsumer(this.#connection, waiters, this.#keys, this.#clock, kept).run(handle)
    } finally {
      await Promise.all(waiters.map((waiter) => waiter.close()))
    }
  }

  async probe(): Promise<void> {
    await this.#memory.probe()
    const stored = await this.#connection.once(DEPTH_MS, async (client) => {
      await client.set(this.#keys.probe, PROBE_VALUE, 'PX', PROBE_KEPT_MS)
      return Number(await client.get(this.#keys.bytes))
    })
    if (stored < this.#bytesMax) return
    throw new FloodmarkError('overloaded', `the queue holds ${stored} of ${this.#bytesMax} bytes`)
  }

  async depth(): Promise<Depth> {
    const names = this.#keys.shards.flatMap(({ lease, stream }) => [lease, stream])
    const [waiting, inFlight, oldestMs] = await this.#connection.once(DEPTH_MS, (client) =>
      runScript<[number, number, number]>(client, DEPTH, names, []),
    )
    return { waiting, inFlight, oldestMs: oldestMs < 0 ? undefined : oldestMs, exact: true }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}

// Where the server does not know it yet, a publish may be refused because another receiver sent the script meanwhile.
export default redisDriver('streams', (redis, options) => new RedisStreams(redis, options), [PUBLISH])
