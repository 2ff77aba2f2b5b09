import type { PostgresPool } from '../../src/clients/postgres/connection.ts'
import { encode } from '../../src/core/base/codec.ts'
import { type Clock, systemClock } from '../../src/core/contracts/clock.ts'
import type { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import { PublishError } from '../../src/core/contracts/queue.ts'

/** One transaction stores so much, of as many publishes as wait. */
export const PUBLISH_MAX = { events: 1_024, bytes: 26 * 1024 * 1024 } as const

interface WaitingPublish {
  readonly events: readonly WebhookEvent[]
  readonly encoded: readonly Buffer[]
  readonly bytes: number
  readonly endMs: number
  isSent: boolean
  readonly done: () => void
  readonly fail: (error: PublishError) => void
}

export interface StoringHooks {
  readonly checkRoom: (ms: number) => Promise<void>
  readonly onStored: (bytes: number) => void
}

/**
 * Stores what is published, in order: one transaction at a time, with all that has come meanwhile. Several at once would share a
 * sync as well, but then a later call could be stored first.
 */
export class StoringInTurn {
  readonly #pool: PostgresPool
  readonly #statement: string
  readonly #checkRoom: (ms: number) => Promise<void>
  readonly #onStored: (bytes: number) => void
  readonly #clock: Clock = systemClock
  #waiting: WaitingPublish[] = []
  #isSending = false

  /** `checkRoom` rejects when the queue is full. */
  constructor(pool: PostgresPool, statement: string, { checkRoom, onStored }: StoringHooks) {
    this.#checkRoom = checkRoom
    this.#pool = pool
    this.#statement = statement
    this.#onStored = onStored
  }

  publish(events: readonly WebhookEvent[], deadlineMs: number): Promise<void> {
    const encoded = events.map(encode)
    const bytes = encoded.reduce((sum, one) => sum + one.length, 0)
    if (bytes > PUBLISH_MAX.bytes) {
      const what = `${bytes} bytes in one publish, allowed are ${PUBLISH_MAX.bytes}`
      return Promise.reject(PublishError.all(events, 'too-large', what, { definite: true }))
    }
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(deadlineMs, () => {
        const { isSent } = publishing
        this.#waiting = this.#waiting.filter((one) => one !== publishing)
        const what = `PostgreSQL did not store it within ${deadlineMs} ms`
        publishing.fail(PublishError.all(events, isSent ? 'timeout' : 'unavailable', what, { definite: !isSent }))
      })
      const endMs = this.#clock.monotonic() + deadlineMs
      const publishing: WaitingPublish = {
        events,
        encoded,
        bytes,
        endMs,
        isSent: false,
        done: () => {
          cancel()
          resolve()
        },
        fail: (error) => {
          cancel()
          reject(error)
        },
      }
      this.#waiting.push(publishing)
      void this.#send()
    })
  }

  async #send(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    while (this.#waiting.length > 0) await this.#store(this.#next())
    this.#isSending = false
  }

  /** As many of those that wait as one transaction takes, in order. */
  #next(): readonly WaitingPublish[] {
    let [events, bytes, count] = [0, 0, 0]
    for (const one of this.#waiting) {
      events += one.events.length
      bytes += one.bytes
      if (count > 0 && (events > PUBLISH_MAX.events || bytes > PUBLISH_MAX.bytes)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  /** Never rejects. */
  async #store(group: readonly WaitingPublish[]): Promise<void> {
    for (const one of group) one.isSent = true
    const ms = Math.max(...group.map(({ endMs }) => endMs)) - this.#clock.monotonic()
    const encoded = group.flatMap((one) => one.encoded)
    const lanes = group.flatMap(({ events }) => events.map(laneName))
    let end = 1
    const starts = encoded.map(({ length }) => {
      end += length
      return end - length
    })
    const values = [Buffer.concat(encoded), lanes, starts, encoded.map(({ length }) => length)]
    try {
      await this.#checkRoom(ms)
      await this.#pool.once(ms, { name: 'fm_publish', text: this.#statement, values })
      for (const one of group) one.done()
      this.#onStored(values[0]!.length)
    } catch (cause) {
      const { code, message, definite } = cause as FloodmarkError
      for (const one of group) one.fail(PublishError.all(one.events, code, message, { definite, cause }))
    }
  }
}

/** The name of an event's lane in the database, which takes no NUL. Two that look alike there share one, and lose no order. */
function laneName({ source, key }: WebhookEvent): string {
  return `${source}/${key}`.replaceAll('\0', '\ufffd')
}
