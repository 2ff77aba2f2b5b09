import pg from 'pg'
import { sleep, systemClock } from '../../core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'

/** A statement and its values. With a name it is parsed once for each connection. */
export interface Statement {
  readonly name?: string
  readonly text: string
  readonly values?: unknown[]
}
export type Row = Record<string, unknown>

export interface ConnectionsOptions {
  /** Most connections at once. They are made when they are needed. */
  readonly connectionsMax: number
  /** Statements that each new connection runs first. */
  readonly settings?: string
}

/** A connection that nobody uses is closed after so many ms. */
const IDLE_MS = 30_000
/** The wait between two tries to connect. */
const RECONNECT_MS = 50
/** A statement that was put back for another's sake is tried so many times. */
const TRIES_MAX = 5
const LOGIN_REFUSED = /^(28|3D)/
/** The server put it back for another transaction's sake: nothing was done, and once more may go well. */
const PUT_BACK = /^(40001|40P01)$/
const FULL = /^53(000|100|200)$/

/** @throws FloodmarkError 'misuse' when the URL does not start with postgres:// or postgresql://. */
export function postgresConfig(url: string): pg.ClientConfig {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    const how = 'give one like postgres://user@host:5432/database'
    throw new FloodmarkError('misuse', `a PostgreSQL address starts with postgres:// or postgresql://: ${how}`)
  }
  const { username, pathname } = new URL(url)
  const whole = new URL(url)
  if (username === '') whole.username = process.env.PGUSER ?? 'postgres'
  if (pathname === '' || pathname === '/') whole.pathname = `/${process.env.PGDATABASE ?? 'postgres'}`
  return { connectionString: whole.href, keepAlive: true, application_name: 'floodmark' }
}

/** An answer of the server that leaves the connection as it is, as opposed to a fault on the way. */
export function isAnswer(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && error.severity !== 'FATAL' && error.severity !== 'PANIC'
}

/** A connection that is one caller's until it is released. */
export interface LeasedConnection {
  query(ms: number, statement: Statement | string): Promise<pg.QueryResult<Row>>
  /** As the client's own query, with its own errors, for statements of a person. */
  readonly client: pg.PoolClient
  /** `broken`: nothing on it may be used again. Twice is fine. */
  release(broken?: boolean): void
}

/**
 * Connections to one PostgreSQL. Every call ends within its time: the connection of a call that did not is closed. A call waits for
 * a connection, also while the server starts again.
 */
export class PostgresPool {
  readonly #pool: pg.Pool
  readonly #address: string
  readonly #running = new Set<Promise<unknown>>()
  #closed: Promise<void> | undefined

  /** Connects to nothing yet. @throws FloodmarkError 'misuse' when the URL is not one of PostgreSQL. */
  constructor(url: string, { connectionsMax, settings }: ConnectionsOptions) {
    const config = postgresConfig(url)
    this.#address = new URL(url).host || 'localhost'
    this.#pool = new pg.Pool({ ...config, max: connectionsMax, idleTimeoutMillis: IDLE_MS, allowExitOnIdle: true })
    this.#pool.on('error', () => {})
    this.#pool.on('connect', (client) => {
      // A connection that breaks while nothing is asked tells so here. The next call finds it out too.
      client.on('error', () => {})
      if (settings) client.query(settings).catch(() => {})
    })
  }

  /**
   * One statement, done at most once: it is sent again only where the server put it back for another one's sake. @throws
   * FloodmarkError 'unavailable': definite without a connection, or with an error for an answer; not definite when the connection
   * broke or `ms` passed. 'overloaded': the server is full, definite.
   */
  once(ms: number, statement: Statement | string): Promise<pg.QueryResult<Row>> {
    return this.#call(ms, statement, false)
  }

  /** One statement that may run twice: sent again when its connection broke, until `ms` have passed. Throws as `once`. */
  repeat(ms: number, statement: Statement | string): Promise<pg.QueryResult<Row>> {
    return this.#call(ms, statement, true)
  }

  #call(ms: number, statement: Statement | string, mayRepeat: boolean): Promise<pg.QueryResult<Row>> {
    return this.#track(async () => {
      const endMs = systemClock.monotonic() + ms
      const leftMs = () => endMs - systemClock.monotonic()
      for (let tries = 1; ; tries++) {
        const client = await this.#connected(leftMs())
        try {
          return await this.#send(client, leftMs(), statement)
        } catch (error) {
          const { definite, cause } = error as FloodmarkError
          const isPutBack = isAnswer(cause) && PUT_BACK.test(cause.code ?? '') && tries < TRIES_MAX
          const isAgain = definite ? isPutBack : mayRepeat
          if (!isAgain || leftMs() <= RECONNECT_MS) throw error
          await sleep(systemClock, RECONNECT_MS)
        }
      }
    })
  }

  /** A connection for several statements. @throws FloodmarkError 'unavailable' when there is none within `ms`, definite. */
  async lease(ms: number): Promise<LeasedConnection> {
    const client = await this.#connected(ms)
    let isReleased = false
    const release = (broken = false) => {
      if (!isReleased) client.release(broken)
      isReleased = true
    }
    const query = async (withinMs: number, statement: Statement | string) => {
      try {
        return await inTime(client.query<Row>(statement as string), withinMs)
      } catch (error) {
        if (!isAnswer(error)) release(true)
        throw this.#failure(error)
      }
    }
    return { client, query, release }
  }

  /** Waits for the calls under way, then disconnects. Twice is fine. */
  close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#running).then(() => this.#pool.end())
    return this.#closed
  }

  #track<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new FloodmarkError('unavailable', 'the connection to PostgreSQL is closed'))
    const running = call().finally(() => this.#running.delete(running))
    this.#running.add(running)
    return running
  }

  async #connected(ms: number): Promise<pg.PoolClient> {
    const endMs = systemClock.monotonic() + ms
    for (;;) {
      const leftMs = endMs - systemClock.monotonic()
      try {
        return await connectWithin(this.#pool, Math.max(1, leftMs))
      } catch (cause) {
        const { code = '' } = cause as { code?: string }
        const refused = LOGIN_REFUSED.test(code)
        if (!refused && leftMs > RECONNECT_MS) {
          await sleep(systemClock, RECONNECT_MS)
          continue
        }
        const how = refused ? 'Check user, password and database in its URL' : 'Is it running?'
        throw this.#unavailable(`cannot be reached: ${messageOf(cause)}. ${how}`, true, cause)
      }
    }
  }

  async #send(client: pg.PoolClient, ms: number, statement: Statement | string): Promise<pg.QueryResult<Row>> {
    let isBroken = true
    try {
      const result = await inTime(client.query<Row>(statement as string), ms)
      isBroken = false
      return result
    } catch (error) {
      isBroken = !isAnswer(error)
      throw this.#failure(error)
    } finally {
      client.release(isBroken)
    }
  }

  #failure(error: unknown): FloodmarkError {
    if (!isAnswer(error)) return this.#unavailable(`gave no reply: ${messageOf(error)}`, false, error)
    const { code, message } = error
    if (!FULL.test(code ?? '')) return this.#unavailable(`refused: ${message} (${code})`, true, error)
    return new FloodmarkError('overloaded', `PostgreSQL at ${this.#address} is full: ${message}`, { cause: error })
  }

  #unavailable(what: string, definite: boolean, cause: unknown): FloodmarkError {
    return new FloodmarkError('unavailable', `PostgreSQL at ${this.#address} ${what}`, { definite, cause })
  }
}

/** The pool's own limit of time is one for all calls. */
function connectWithin(pool: pg.Pool, ms: number): Promise<pg.PoolClient> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const cancel = systemClock.after(ms, () => {
      isLate = true
      reject(new Error(`no connection within ${Math.round(ms)} ms`))
    })
    pool.connect().then(
      (client) => {
        cancel()
        if (isLate) client.release()
        else resolve(client)
      },
      (error) => {
        cancel()
        reject(error)
      },
    )
  })
}

function inTime<T>(asked: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`it did not answer within ${Math.round(ms)} ms`))
    const cancel = systemClock.after(Math.max(1, ms), late)
    asked.then(resolve, reject).finally(cancel)
  })
}
