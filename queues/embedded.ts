import { rm } from 'node:fs/promises'
import { systemClock } from '../src/core/clock.ts'
import { decode, encodedBytes } from '../src/core/codec.ts'
import { FloodmarkError } from '../src/core/errors.ts'
import type { WebhookEvent } from '../src/core/event.ts'
import { Lanes, type Waiting } from '../src/core/lanes.ts'
import { lockFolder, namespaceFolder } from '../src/core/lock.ts'
import {
  type ConsumeOptions,
  type Handler,
  PublishError,
  type Queue,
  type QueueDriver,
  type QueueOpenOptions,
} from '../src/core/queue.ts'
import { Log, SEGMENT_BYTES } from './embedded/log.ts'
import { type Place, recover } from './embedded/recovery.ts'

const BYTES_MAX = 1024 * 1024 * 1024
/** Waiting events beyond this many bytes are read back from the log when their turn comes. */
const IN_MEMORY_BYTES_MAX = 64 * 1024 * 1024

interface Item extends Waiting {
  readonly number: number
  readonly place: Place
  readonly inMemory: boolean
}

/** A durable queue in this process: a segment log on local disk, resolved after fdatasync, and lanes in memory. */
class EmbeddedQueue implements Queue {
  readonly traits = {
    name: 'embedded',
    server: 'a log in this process, fdatasync before publish resolves',
    survives: ['receiver-crash', 'broker-crash', 'power-loss'],
    order: 'key',
    orderSurvivesRetry: true,
    countsDeliveries: false,
    dedupWindowMs: 0,
    shared: false,
    publishEventsMax: 1_024,
    publishBytesMax: SEGMENT_BYTES / 2,
    deliverEventsMax: 1_024,
  } as const
  readonly #log: Log
  readonly #lanes: Lanes<Item>
  readonly #clock
  readonly #bytesMax: number
  readonly #unlock: () => void
  #stored = 0
  #inMemory = 0
  #closed: Promise<void> | undefined

  constructor(folder: string, options: QueueOpenOptions) {
    this.#unlock = lockFolder(folder)
    this.#clock = options.clock ?? systemClock
    this.#bytesMax = options.bytesMax ?? BYTES_MAX
    try {
      const recovered = recover(folder)
      this.#log = new Log(folder, recovered)
      this.#lanes = new Lanes<Item>(this.#clock, (item) => this.#onAck(item))
      for (const [number, { place, payload }] of recovered.pending) {
        this.#stored += place.bytes
        const { key, receivedAtMs } = decode(payload)
        this.#lanes.add(this.#item(number, place, key, receivedAtMs, undefined))
      }
    } catch (error) {
      this.#unlock()
      throw error
    }
  }

  /** For measurements: fdatasync calls and records since opening. */
  get counts(): Readonly<Log['counts']> {
    return this.#log.counts
  }

  async publish(events: readonly WebhookEvent[], { deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    if (events.length === 0) return
    const bytes = events.reduce((sum, event) => sum + encodedBytes(event), 0)
    const unsafe = events.map((_, position) => position)
    const refuse = (code: 'too-large' | 'overloaded', message: string) =>
      new PublishError(code, message, { unsafe, definite: true })
    if (bytes > this.traits.publishBytesMax) throw refuse('too-large', `${bytes} bytes in one publish`)
    if (this.#stored + bytes > this.#bytesMax || this.#log.storedBytes > 2 * this.#bytesMax + 4 * SEGMENT_BYTES) {
      throw refuse('overloaded', `the queue holds ${this.#stored} of ${this.#bytesMax} bytes`)
    }
    this.#stored += bytes
    try {
      const { records, done } = this.#log.append(events)
      const stored = done.then(() => this.#deliverable(events, records))
      await this.#within(deadlineMs, stored)
    } catch (cause) {
      // Whether it is on disk is not known only when it timed out: then it may still come, and its ack gives the bytes back.
      if (!(cause instanceof FloodmarkError && cause.code === 'timeout')) this.#stored -= bytes
      const code = cause instanceof FloodmarkError ? cause.code : 'unavailable'
      throw new PublishError(code, (cause as Error).message, { unsafe, definite: false, cause })
    }
  }

  #deliverable(events: readonly WebhookEvent[], records: readonly { number: number; place: Place }[]): void {
    for (const [position, event] of events.entries()) {
      const { number, place } = records[position]!
      this.#lanes.add(this.#item(number, place, event.key, event.receivedAtMs, event))
    }
  }

  #item(number: number, place: Place, key: string, sinceMs: number, event: WebhookEvent | undefined): Item {
    const inMemory = event !== undefined && this.#inMemory + place.bytes <= IN_MEMORY_BYTES_MAX
    if (inMemory) this.#inMemory += place.bytes
    const load = inMemory ? () => event : () => decode(this.#log.read(place))
    return { number, place, key, sinceMs, inMemory, load }
  }

  #onAck(item: Item): void {
    this.#stored -= item.place.bytes
    if (item.inMemory) this.#inMemory -= item.place.bytes
    this.#log.ack(item.number, item.place)
  }

  #within(deadlineMs: number, stored: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new FloodmarkError('timeout', `not on disk within ${deadlineMs} ms`))
      const cancel = this.#clock.after(deadlineMs, late)
      stored.then(resolve, reject).finally(cancel)
    })
  }

  consume(handle: Handler, options: ConsumeOptions): Promise<void> {
    return this.#lanes.consume(handle, options)
  }

  async depth() {
    if (this.#log.failure) throw this.#log.failure
    return this.#lanes.depth()
  }

  close(): Promise<void> {
    this.#closed ??= this.#log.close().finally(this.#unlock)
    return this.#closed
  }
}

const driver: QueueDriver = {
  async open(options) {
    return new EmbeddedQueue(namespaceFolder(options), options)
  },
  async drop(options) {
    const folder = namespaceFolder(options)
    const unlock = lockFolder(folder)
    await rm(folder, { recursive: true, force: true })
    unlock()
  },
}
export default driver
