import type { Redis } from 'ioredis'
import { type Clock, sleep } from '../../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'

/** No call takes longer than this, ms, whatever the network does. */
export const CALL_DEADLINE_MS = 5_000
/** Before a lost call is sent again, ms: a client that fails at once must not spin. */
const PAUSE_MS = 20

type End<T> = { readonly value: T } | { readonly error: unknown } | 'lost' | 'late'

/**
 * A connection whose calls always end. The client neither queues nor resends (a resent command may run twice without
 * anyone knowing, and after a lost connection its promises may never settle): that is done here, within a deadline,
 * and only for calls that may run twice.
 */
export class Link {
  readonly #redis: Redis
  readonly #clock: Clock
  readonly #address: string
  readonly #running = new Set<Promise<unknown>>()
  readonly #onLost = new Set<() => void>()
  readonly #onReady = new Set<() => void>()
  #lastError = 'no answer'
  #closed: Promise<void> | undefined

  constructor(redis: Redis, clock: Clock, address: string) {
    this.#redis = redis
    this.#clock = clock
    this.#address = address
    redis.on('error', (error) => {
      this.#lastError = messageOf(error)
    })
    redis.on('ready', () => {
      for (const end of [...this.#onReady]) end()
    })
    redis.on('close', () => {
      for (const end of [...this.#onLost]) end()
    })
  }

  /**
   * Runs what `send` sends, again after a lost connection. Only for what may run twice.
   * @throws FloodmarkError 'unavailable'; definite when the server certainly did not do it.
   */
  call<T>(send: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new FloodmarkError('unavailable', 'the ledger is closed'))
    const calling = this.#call(send).finally(() => this.#running.delete(calling))
    this.#running.add(calling)
    return calling
  }

  async #call<T>(send: (redis: Redis) => Promise<T>): Promise<T> {
    const endMs = this.#clock.monotonic() + CALL_DEADLINE_MS
    for (let definite = true; ; ) {
      if (this.#redis.status !== 'ready' && (await this.#ready(endMs)) === 'late') {
        throw this.#unavailable(`is not connected (${this.#lastError})`, definite)
      }
      const end = await this.#sent(endMs, send(this.#redis))
      if (typeof end === 'object' && 'value' in end) return end.value
      if (typeof end === 'object') throw this.#unavailable(`refused: ${messageOf(end.error)}`, definite, end.error)
      definite = false
      if (end === 'late') {
        // Nobody knows whether this connection still leads anywhere.
        this.#redis.disconnect(true)
        throw this.#unavailable(`did not answer within ${CALL_DEADLINE_MS} ms`, definite)
      }
      await sleep(this.#clock, PAUSE_MS)
    }
  }

  #unavailable(what: string, definite: boolean, cause?: unknown): FloodmarkError {
    return new FloodmarkError('unavailable', `redis at ${this.#address} ${what}`, { definite, cause })
  }

  #ready(endMs: number): Promise<'ready' | 'late'> {
    return new Promise((resolve) => {
      const end = (how: 'ready' | 'late') => {
        cancel()
        this.#onReady.delete(ready)
        resolve(how)
      }
      const ready = () => end('ready')
      const cancel = this.#clock.after(Math.max(0, endMs - this.#clock.monotonic()), () => end('late'))
      this.#onReady.add(ready)
    })
  }

  #sent<T>(endMs: number, sending: Promise<T>): Promise<End<T>> {
    return new Promise((resolve) => {
      const end = (how: End<T>) => {
        cancel()
        this.#onLost.delete(lost)
        resolve(how)
      }
      const lost = () => end('lost')
      const cancel = this.#clock.after(Math.max(0, endMs - this.#clock.monotonic()), () => end('late'))
      this.#onLost.add(lost)
      sending.then(
        (value) => end({ value }),
        (error) => end(isReply(error) ? { error } : 'lost'),
      )
    })
  }

  /** Running calls end, then the connection. */
  close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#running).then(() => this.#redis.disconnect())
    return this.#closed
  }
}

/** An answer of the server, as opposed to a fault on the way. */
function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError'
}
