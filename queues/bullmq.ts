import { Queue as BullQueue, DelayedError, type Job, Worker } from 'bullmq'
import { redisAddress } from '../src/clients/redis/address.ts'
import { isLasting, type RedisConnection, reconnectOnError } from '../src/clients/redis/connection.ts'
import type { JudgedRedis } from '../src/clients/redis/facts.ts'
import { MemoryRoom } from '../src/clients/redis/memory-room.ts'
import { LastingTrouble } from '../src/core/base/backoff.ts'
import { encode, eventOfRecord, eventOfText } from '../src/core/base/codec.ts'
import { shareOfHeap } from '../src/core/base/memory.ts'
import { type Clock, sleep, systemClock } from '../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../src/core/contracts/errors.ts'
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
import { endIn } from './bullmq/ending.ts'
import { Jobs } from './bullmq/jobs.ts'
import { Room } from './bullmq/room.ts'
import { prefixOf, redisDriver, traitsOn } from './redis/driver.ts'
import { PROBE_KEPT_MS, PROBE_VALUE } from './redis/probe.ts'

const NAME = 'events'
const BYTES_MAX = 1024 * 1024 * 1024
const DEPTH_MS = 5_000
/** An ended consumer waits at most so many ms for answers after its last handler. */
const CLOSE_MS = 5_000
/** Longer than BullMQ's longest blocking read (10 s). A worker's connection that is silent for so many ms is made anew. */
const SILENCE_MS = 20_000
/** Settings of a worker's own connection. */
const WORKER = { maxRetriesPerRequest: null, socketTimeout: SILENCE_MS, reconnectOnError } as const
/** Workers look for a dead consumer's jobs once in so many ms. The second look after their locks ran out finds them. */
const STALLED_MS_MAX = 5_000
/** BullMQ buries a job after so many of its own tries or lost locks. Only our ledger may bury a job. */
const NEVER = 1_000_000_000

/** Jobs in hand hold so many bytes before no more are fetched. Their data are text, so they lie in the heap. */
const IN_HAND_BYTES_MAX = shareOfHeap(1 / 16, 64 * 1024 * 1024)

/** BullMQ's own counter makes the job ids. It would silently drop a job whose id it already knows. */
const JOB = { attempts: NEVER, removeOnComplete: true, removeOnFail: false } as const

/** The event of a job. One that we did not add stands for itself, and its data may be anything. */
function eventOf({ id, data }: Job<unknown>, nowMs: number): WebhookEvent {
  const place = `job ${id}`
  if (typeof data === 'string') return eventOfText(data, place, nowMs)
  return eventOfRecord(Buffer.from(JSON.stringify(data)), place, nowMs)
}

/** For people: what no waiting ends. */
function notAllowed(cause: unknown): FloodmarkError {
  const why = messageOf(cause).replace(/\.$/, '')
  const message = `jobs cannot be taken: Redis refused: ${why}. Allow this user all commands and scripts of BullMQ`
  return new FloodmarkError('unavailable', message, { cause })
}

/**
 * BullMQ as its users run it: addBulk, and a Worker with its blocking connection. Our lease is its lock, which is not
 * renewed. The body is base64 in its JSON, so a third larger. A retry moves the job to 'delayed' under its lock, so one job
 * exists at every moment. A job added again could be lost or doubled between the two steps.
 */
class BullMQ implements Queue {
  readonly traits: QueueTraits
  readonly #options: QueueOpenOptions
  readonly #clock: Clock
  readonly #connection: RedisConnection
  readonly #memory: MemoryRoom
  readonly #queue: BullQueue<string>
  readonly #room: Room
  /** Resolves when BullMQ may write. */
  readonly #prepared: Promise<void> | undefined

  constructor(redis: JudgedRedis, options: QueueOpenOptions) {
    this.#connection = redis.connection
    this.#options = options
    this.#clock = options.clock ?? systemClock
    const { keptMs } = options
    this.#queue = new BullQueue(NAME, {
      connection: redis.connection.client,
      prefix: prefixOf('bullmq', options.namespace),
      // The metadata is written without a script, so it would get no time to live.
      skipMetasUpdate: keptMs !== undefined,
    })
    this.#queue.on('error', () => {}) // each call rejects with it
    if (keptMs !== undefined) this.#prepared = endIn(keptMs, this.#queue)
    this.#prepared?.catch(() => {}) // a publish rejects with it
    this.#room = new Room(options.bytesMax ?? BYTES_MAX, this.#clock, async () => {
      const { waiting, inFlight } = await this.depth()
      return waiting + inFlight
    })
    this.traits = traitsOn(redis, {
      name: 'bullmq',
      order: 'none',
      countsDeliveries: true,
      dedupWindowMs: 0,
      shared: true,
      publishEventsMax: 1_024,
      publishBytesMax: 26 * 1024 * 1024,
    })
    this.#memory = new MemoryRoom(redis.connection, this.#clock, redis.facts)
  }

  async publish(events: readonly WebhookEvent[], { deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    if (events.length === 0) return
    let bytes = 0
    const jobs = events.map((event) => {
      const encoded = encode(event)
      bytes += encoded.length
      return { name: 'event', data: encoded.toString('base64'), opts: JOB }
    })
    if (bytes > this.traits.publishBytesMax) {
      throw PublishError.all(events, 'too-large', `${bytes} bytes in one publish`, { definite: true })
    }
    try {
      this.#memory.take(events.length, bytes)
      this.#room.take(events.length, bytes)
      await this.#connection.once(deadlineMs, async () => {
        await this.#prepared
        await this.#queue.addBulk(jobs)
      })
    } catch (cause) {
      const { code, message, definite } = cause as FloodmarkError
      // addBulk is a pipeline: the server may have refused one job and stored the others.
      const whole = definite && (events.length === 1 || !(cause as FloodmarkError).cause)
      const told = code === 'overloaded' && !whole ? 'unavailable' : code
      throw PublishError.all(events, told, message, { definite: whole, cause })
    }
  }

  async consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    const { batchEventsMax, handlersMax, leaseMs, signal, onError } = options
    const jobs = new Jobs(this.#clock)
    const concurrency = batchEventsMax * handlersMax
    let inHandBytes = 0
    const hold = (bytes: number) => {
      inHandBytes += bytes
      worker.concurrency = inHandBytes < IN_HAND_BYTES_MAX ? concurrency : 1
    }
    const failed = new AbortController()
    const onFailure = (cause: unknown) => {
      if (isLasting(cause)) failed.abort(notAllowed(cause))
    }
    const process = (job: Job<string>, token: string | undefined) => {
      const { length } = String(job.data)
      hold(length)
      return this.#process(jobs, job, token, onFailure).finally(() => hold(-length))
    }
    const worker: Worker<string> = new Worker<string>(NAME, process, {
      connection: { ...redisAddress(this.#options.url).options, ...WORKER },
      prefix: prefixOf('bullmq', this.#options.namespace),
      concurrency,
      lockDuration: leaseMs,
      skipLockRenewal: true,
      stalledInterval: Math.min(STALLED_MS_MAX, Math.max(250, leaseMs / 4)),
      maxStalledCount: NEVER,
      runRetryDelay: 500,
      autorun: false,
      drainDelay: 1,
    })
    // The worker goes on by itself, and jobs whose answer was lost come again.
    const trouble = new LastingTrouble(this.#clock, 'no job could be taken', onError)
    worker.on('error', (error) => {
      trouble.failed(error)
      onFailure(error)
    })
    for (const sign of ['ready', 'active', 'drained'] as const) worker.on(sign, () => trouble.worked())
    const over = AbortSignal.any([signal, failed.signal])
    const run = async () => {
      const { keptMs } = this.#options
      if (keptMs !== undefined) await endIn(keptMs, worker)
      if (!worker.closing) await worker.run()
    }
    if (!signal.aborted) {
      run().catch((cause) => {
        failed.abort(new FloodmarkError('unavailable', `the BullMQ worker ended: ${messageOf(cause)}`, { cause }))
      })
    }
    await jobs.consume(handle, { ...options, signal: over })
    // A worker whose server is away never closes. Jobs that it could not settle come again.
    await Promise.race([worker.close(), sleep(this.#clock, CLOSE_MS)])
    worker.disconnect().catch(() => {})
    failed.signal.throwIfAborted()
  }

  /** Returns to have the job deleted. Any other end is DelayedError: BullMQ would count any other error as a failure. */
  async #process(
    jobs: Jobs,
    job: Job<string>,
    token: string | undefined,
    onFailure: (cause: unknown) => void,
  ): Promise<void> {
    const verdict = await jobs.judge({ event: eventOf(job, this.#clock.now()), count: job.attemptsStarted })
    if (verdict === 'ack') return
    // When this fails, the job stays where it is and its lock runs out.
    await job.moveToDelayed(Date.now() + verdict.retryInMs, token).catch(onFailure)
    throw new DelayedError()
  }

  async probe(): Promise<void> {
    await this.#memory.probe()
    const key = `${prefixOf('bullmq', this.#options.namespace)}:probe`
    await this.#connection.once(DEPTH_MS, (client) => client.set(key, PROBE_VALUE, 'PX', PROBE_KEPT_MS))
  }

  async depth(): Promise<Depth> {
    const counts = await this.#connection.once(DEPTH_MS, () =>
      this.#queue.getJobCounts('wait', 'delayed', 'prioritized', 'active'),
    )
    const { active = 0, ...rest } = counts
    const waiting = Object.values(rest).reduce((sum, count) => sum + count, 0)
    return { waiting, inFlight: active, oldestMs: undefined, exact: true }
  }

  async close(): Promise<void> {
    await this.#connection.close()
    await this.#queue.close()
  }
}

export default redisDriver('bullmq', (redis, options) => new BullMQ(redis, options))
