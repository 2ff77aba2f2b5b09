import { Redis, type RedisOptions } from 'ioredis'
import { type Clock, sleep, systemClock } from '../../core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { redisAddress } from './address.ts'

/** How long opening waits for the server. */
const OPEN_MS = 5_000
const OPEN_POLL_MS = 10
/** A connection that owes a reply and hears nothing for this long is given up and made anew. */
const SILENCE_MS = 10_000
const RECONNECT_MS = { first: 50, most: 500 }
/** The wait before a lost call is sent again: a client that fails at once must not spin. */
const RESEND_PAUSE_MS = 20
/** A server that is refused is asked again after so many ms: by then its name may lead to another one. */
const ASK_AGAIN_MS = 500
/** Answers by which a server says that it is not, or not yet, the one that takes writes: its name may lead to another by now. */
const NOT_THE_ONE = ['READONLY', 'LOADING', 'MASTERDOWN', 'MOVED', 'CLUSTERDOWN', 'UNBLOCKED']
/** Answers that stay the same until somebody changes the server: a command that is not allowed, or was taken away. */
const LASTING = /NOPERM|ACL failure|user executing the script can't run|unknown (redis )?command/i
const LOGIN_REFUSED = /WRONGPASS|NOAUTH|NOPERM|invalid password/

/** The word by which an answer says what is wrong. Before version 7, a script's error stands behind words about the script. */
function wordOf({ message }: Error): string | undefined {
  return /^ERR Error running script .*: -(\w+)/.exec(message)?.[1] ?? /^\w+/.exec(message)?.[0]
}

/** Whether an answer ends the connection: the call is refused, and the connection made anew. For every client of ours. */
export function reconnectOnError(error: Error): boolean {
  return NOT_THE_ONE.includes(wordOf(error) ?? '')
}

/** Whether the server has no memory left for a write. */
const isOutOfMemory = (error: Error): boolean => wordOf(error) === 'OOM'

/** How one attempt ended. Neither `lost` (the connection broke, and how) nor 'late' says whether the server did it. */
type CallEnd<T> = { readonly value: T } | { readonly refusal: Error } | { readonly lost: string } | 'late'

/** The client's settings that make a call end when it should: nothing is queued, and nothing is resent behind our back. */
const SETTINGS = {
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  reconnectOnError,
  maxRetriesPerRequest: null,
  // Replies look the same in both protocols, and servers before version 6 know only this one.
  protocol: 2,
} as const satisfies RedisOptions

/** @throws FloodmarkError 'misuse' on a URL that is none of Redis. */
export function redisClient(url: string, settings: Omit<RedisOptions, 'replyMapping'>): Redis {
  const { options } = redisAddress(url)
  if ('url' in options) return new Redis(options.url, { ...SETTINGS, ...settings })
  return new Redis({
    ...options,
    ...SETTINGS,
    ...settings,
    sentinelRetryStrategy: settings.retryStrategy ?? (() => null),
  })
}

/**
 * One connection to Redis whose calls always end. By default ioredis resends what was under way when a connection breaks,
 * so that a command may run twice without anyone knowing; told not to, it may never settle that call's promise. So each
 * call here has a deadline and ends with its connection, under one of two policies:
 *
 * - `once`, for what must never be sent twice: a call without a connection is refused, a call whose connection broke fails.
 * - `repeat`, for what may run twice: a call waits for a connection, and is sent again when that breaks.
 *
 * The connection itself is made anew for as long as it is open. Concurrent calls are fine.
 */
export class RedisConnection {
  readonly #client: Redis
  readonly #clock: Clock
  readonly #address: string
  readonly #running = new Set<Promise<unknown>>()
  readonly #onLost = new Set<() => void>()
  readonly #onReady = new Set<() => void>()
  readonly #ask: (client: Redis) => Promise<void>
  /** Connected, and the server is none that is refused. */
  #usable = false
  #refusal: FloodmarkError | undefined
  #lastError = 'it does not answer'
  #closed: Promise<void> | undefined

  /**
   * Starts to connect. `ask` is called at each connection; while it rejects with a FloodmarkError no call is sent. @throws
   * FloodmarkError 'misuse' when the URL is not one of Redis.
   */
  constructor(url: string, clock: Clock, ask: (client: Redis) => Promise<void> = async () => {}) {
    this.#clock = clock
    this.#ask = ask
    this.#client = redisClient(url, {
      connectTimeout: OPEN_MS,
      socketTimeout: SILENCE_MS,
      retryStrategy: (times) => Math.min(RECONNECT_MS.first * 2 ** (times - 1), RECONNECT_MS.most),
    })
    this.#address = redisAddress(url).shown
    this.#client.on('error', (error) => {
      this.#lastError = messageOf(error)
    })
    this.#client.on('ready', () => this.#judge())
    this.#client.on('close', () => {
      this.#usable = false
      for (const end of [...this.#onLost]) end()
    })
  }

  /** Connected, or closed. @throws as `ready`, and as the constructor. */
  static async open(url: string, clock: Clock, ask?: (client: Redis) => Promise<void>): Promise<RedisConnection> {
    const connection = new RedisConnection(url, clock, ask)
    try {
      await connection.ready()
      return connection
    } catch (error) {
      await connection.close()
      throw error
    }
  }

  async #judge(): Promise<void> {
    try {
      await this.#ask(this.#client)
      if (this.#client.status !== 'ready') return
      this.#refusal = undefined
      this.#usable = true
      for (const end of [...this.#onReady]) end()
    } catch (error) {
      this.#lastError = messageOf(error)
      if (error instanceof FloodmarkError) this.#refusal = error
      await sleep(systemClock, ASK_AGAIN_MS)
      if (!this.#closed && !this.#usable) this.#client.disconnect(true)
    }
  }

  /** For a library that wants the connection itself. Its calls go through once() all the same. */
  get client(): Redis {
    return this.#client
  }

  /** Resolves once connected. @throws FloodmarkError 'unavailable' when login is refused, or when 5 s were not enough; else as `ask`. */
  async ready(): Promise<void> {
    // By the system's clock: a clock that somebody holds still says nothing of how long the network takes.
    const untilMs = systemClock.monotonic() + OPEN_MS
    while (!this.#usable) {
      if (this.#refusal) {
        this.#client.disconnect()
        throw this.#refusal
      }
      const refused = LOGIN_REFUSED.test(this.#lastError)
      if (refused || systemClock.monotonic() > untilMs) {
        const { status } = this.#client
        this.#client.disconnect()
        throw new FloodmarkError('unavailable', this.#whyNotReady(refused, status))
      }
      await sleep(systemClock, OPEN_POLL_MS)
    }
  }

  #whyNotReady(refused: boolean, status: string): string {
    const where = `Redis at ${this.#address}`
    if (refused) return `${where} refuses the login: ${this.#lastError}. Check user and password in its URL`
    if (status === 'connect') return `${where} is not ready: it may still be loading its data. Try again later`
    return `cannot reach ${where}: ${this.#lastError}. Is it running?`
  }

  /**
   * One call, sent at most once. @throws FloodmarkError 'unavailable' (no connection, or an error for an answer: definite;
   * the connection broke: not definite), 'overloaded' (the server is out of memory: definite), 'timeout' (deadlineMs passed:
   * not definite).
   */
  once<T>(deadlineMs: number, send: (client: Redis) => Promise<T>): Promise<T> {
    return this.#track(async () => {
      if (!this.#usable) throw this.#unavailable(`is not connected: ${this.#lastError}`, true)
      const attempt = await this.#attempt(deadlineMs, send)
      if (attempt === 'late') {
        throw new FloodmarkError('timeout', `Redis at ${this.#address} did not answer within ${deadlineMs} ms`)
      }
      if ('lost' in attempt) throw this.#unavailable(`gave no reply: ${attempt.lost}`, false)
      return this.#answerOf(attempt, true)
    })
  }

  /**
   * One call, sent again after each lost connection until deadlineMs has passed. @throws FloodmarkError 'unavailable' (no
   * answer in time, or an error for an answer), 'overloaded' (out of memory); definite when it was certainly not done.
   */
  repeat<T>(deadlineMs: number, send: (client: Redis) => Promise<T>): Promise<T> {
    return this.#track(async () => {
      const endMs = this.#clock.monotonic() + deadlineMs
      const leftMs = () => Math.max(0, endMs - this.#clock.monotonic())
      for (let definite = true; ; definite = false) {
        if (!(await this.#connected(leftMs())))
          throw this.#unavailable(`is not connected: ${this.#lastError}`, definite)
        const attempt = await this.#attempt(leftMs(), send)
        if (attempt === 'late') {
          // Nobody knows whether this connection still leads anywhere.
          this.#client.disconnect(true)
          throw this.#unavailable(`did not answer within ${deadlineMs} ms`, false)
        }
        if (!('lost' in attempt)) return this.#answerOf(attempt, definite)
        await sleep(this.#clock, RESEND_PAUSE_MS)
      }
    })
  }

  /** Waits for the calls under way, then disconnects. Twice is fine. */
  close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#running).then(() => this.#client.disconnect())
    return this.#closed
  }

  #track<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new FloodmarkError('unavailable', 'the connection to Redis is closed'))
    const running = call().finally(() => this.#running.delete(running))
    this.#running.add(running)
    return running
  }

  /** Resolves with false when there is still no connection after `ms`. */
  #connected(ms: number): Promise<boolean> {
    if (this.#usable) return Promise.resolve(true)
    return new Promise((resolve) => {
      const end = (connected: boolean) => {
        cancel()
        this.#onReady.delete(ready)
        resolve(connected)
      }
      const ready = () => end(true)
      const cancel = this.#clock.after(ms, () => end(false))
      this.#onReady.add(ready)
    })
  }

  #attempt<T>(ms: number, send: (client: Redis) => Promise<T>): Promise<CallEnd<T>> {
    return new Promise((resolve) => {
      const end = (attempt: CallEnd<T>) => {
        cancel()
        this.#onLost.delete(lost)
        resolve(attempt)
      }
      const lost = () => end({ lost: 'the connection broke' })
      const cancel = this.#clock.after(ms, () => end('late'))
      this.#onLost.add(lost)
      send(this.#client).then(
        (value) => end({ value }),
        (error) => end(isAnswer(error) ? { refusal: error } : { lost: messageOf(error) }),
      )
    })
  }

  #answerOf<T>(attempt: { readonly value: T } | { readonly refusal: Error }, definite: boolean): T {
    if ('value' in attempt) return attempt.value
    const { refusal } = attempt
    // ioredis puts the command's arguments there: events' bodies, and at login the password.
    delete (refusal as { command?: unknown }).command
    if (!isOutOfMemory(refusal)) throw this.#unavailable(`refused: ${refusal.message}`, definite, refusal)
    const what = `Redis at ${this.#address} is out of memory: ${refusal.message}`
    throw new FloodmarkError('overloaded', what, { definite, cause: refusal })
  }

  #unavailable(what: string, definite: boolean, cause?: unknown): FloodmarkError {
    return new FloodmarkError('unavailable', `Redis at ${this.#address} ${what}`, { definite, cause })
  }
}

/** An answer of the server, as opposed to a fault on the way. */
export function isAnswer(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}

/** Whether a call was refused in a way that no waiting ends. */
export function isLasting(error: unknown): boolean {
  const answer = error instanceof FloodmarkError ? error.cause : error
  return isAnswer(answer) && LASTING.test(answer.message)
}
