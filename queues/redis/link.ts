import { Redis } from 'ioredis'
import { type Clock, sleep } from '../../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'

/** How long opening waits for the server, ms. */
const OPEN_MS = 5_000
/** A connection that owes a reply and hears nothing for this long, ms, is given up and made anew. */
const SILENCE_MS = 10_000
const RECONNECT_MS = { first: 50, most: 1_000 }

/**
 * One connection on which no command is ever sent twice. ioredis resends what was under way when a connection breaks
 * unless told not to, and then leaves its promise pending for ever: so each call here has a deadline, and ends when the
 * connection does. Nothing is queued while there is no connection: such a call is refused, and did not happen.
 */
export class Link {
  readonly #client: Redis
  readonly #clock: Clock
  readonly #running = new Set<(error: FloodmarkError) => void>()
  #lastError = 'it does not answer'
  #closed: Promise<void> | undefined

  /** @throws FloodmarkError 'misuse' when the URL is none of redis:// or rediss:// */
  constructor(url: string, clock: Clock) {
    if (!/^rediss?:\/\//.test(url)) {
      throw new FloodmarkError('misuse', 'a Redis address starts with redis:// or rediss://: give one such')
    }
    this.#clock = clock
    this.#client = new Redis(url, {
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: false,
      maxRetriesPerRequest: null,
      connectTimeout: OPEN_MS,
      socketTimeout: SILENCE_MS,
      retryStrategy: (times) => Math.min(RECONNECT_MS.first * 2 ** (times - 1), RECONNECT_MS.most),
    })
    this.#client.on('error', (error) => {
      this.#lastError = messageOf(error)
    })
    this.#client.on('close', () => {
      const lost = new FloodmarkError('unavailable', 'the connection to Redis broke before its reply', {
        definite: false,
      })
      for (const end of this.#running) end(lost)
    })
  }

  /** For a library that wants the connection itself. What it sends goes through ask() all the same. */
  get client(): Redis {
    return this.#client
  }

  /** Resolves once connected. @throws FloodmarkError 'unavailable' when that takes longer than 5 s. */
  async ready(): Promise<void> {
    const untilMs = this.#clock.monotonic() + OPEN_MS
    while (this.#client.status !== 'ready') {
      const refused = /WRONGPASS|NOAUTH|NOPERM/.test(this.#lastError)
      if (refused || this.#clock.monotonic() > untilMs) {
        this.#client.disconnect()
        throw new FloodmarkError('unavailable', `cannot use Redis: ${this.#lastError}. Is it running there?`)
      }
      await sleep(this.#clock, 10)
    }
  }

  /**
   * One call. @throws FloodmarkError 'unavailable' (no connection, or an error for an answer: definite; the connection
   * broke: not definite), 'overloaded' (the server is out of memory: definite), 'timeout' (deadlineMs passed: not definite).
   */
  ask<T>(deadlineMs: number, send: (client: Redis) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new FloodmarkError('unavailable', 'it is closed'))
    if (this.#client.status !== 'ready') {
      return Promise.reject(new FloodmarkError('unavailable', `no connection to Redis: ${this.#lastError}`))
    }
    return new Promise((resolve, reject) => {
      const end = (error: FloodmarkError) => {
        done()
        reject(error)
      }
      const cancel = this.#clock.after(deadlineMs, () =>
        end(new FloodmarkError('timeout', `no answer from Redis within ${deadlineMs} ms`)),
      )
      const done = () => {
        cancel()
        this.#running.delete(end)
      }
      this.#running.add(end)
      send(this.#client).then(
        (reply) => {
          done()
          resolve(reply)
        },
        (error) => end(refusal(error)),
      )
    })
  }

  /** Waits for the calls under way, then disconnects. Twice is fine. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      while (this.#running.size > 0) await sleep(this.#clock, 2)
      this.#client.disconnect()
    })()
    return this.#closed
  }
}

function refusal(error: Error & { command?: unknown }): FloodmarkError {
  // ioredis puts the command's arguments there: events' bodies, and at login the password.
  delete error.command
  const answered = error.name === 'ReplyError'
  const code = answered && error.message.startsWith('OOM') ? 'overloaded' : 'unavailable'
  return new FloodmarkError(code, `Redis: ${error.message}`, { definite: answered, cause: error })
}
