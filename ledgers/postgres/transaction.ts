import { randomBytes } from 'node:crypto'
import type { LeasedConnection, PostgresPool, Row } from '../../src/clients/postgres/connection.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { EffectTransaction, SqlClient, SqlResult } from '../../src/core/contracts/ledger.ts'

/** How long a try waits for a connection, ms. */
const CONNECT_MS = 5_000
const ENDS_IT =
  /^\s*(begin|start\s+transaction|commit|end|abort|rollback(?!\s+(work\s+|transaction\s+)?to)|prepare\s+transaction)\b/i

export interface TransactionOptions {
  readonly pool: PostgresPool
  /** For what must be said while the transaction's own connection is busy. */
  readonly own: PostgresPool
  /** A server that hears nothing for so long, ms, undoes the transaction: its process may have died. */
  readonly idleMs: number
}

/** The transaction of one try. It begins with the first statement, and takes a connection from then on. */
export class PostgresTransaction implements EffectTransaction {
  readonly client: SqlClient = {
    query: (text, values) => {
      const isLate = this.#isOver
      const asked = this.#query(text, values)
      // Who did not wait for it is told at the end: an error that nobody takes would end the process.
      asked.catch((error) => this.#missed(error, isLate))
      return asked
    },
  }
  /** The transaction knows itself by it: a statement after its end does not. */
  readonly name = randomBytes(9).toString('base64url')
  readonly #options: TransactionOptions
  #begun: Promise<LeasedConnection> | undefined
  #running = 0
  /** Of the last statement that failed by itself. */
  #failure: unknown
  /** Of the first statement that the server has never seen, so that it would commit the rest without it. */
  #unseen: unknown
  #isOver = false
  #isLost = false

  constructor(options: TransactionOptions) {
    this.#options = options
  }

  get isUsed(): boolean {
    return this.#begun !== undefined
  }

  #begin(): Promise<LeasedConnection> {
    this.#begun ??= this.#options.pool.lease(CONNECT_MS).then(async (connection) => {
      const { idleMs } = this.#options
      const settings = `SET LOCAL floodmark.transaction = '${this.name}'`
      await connection.query(
        CONNECT_MS,
        `BEGIN; ${settings}; SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(idleMs)}`,
      )
      return connection
    })
    return this.#begun
  }

  async #query(text: string | { readonly text: string }, values?: readonly unknown[]): Promise<SqlResult<never>> {
    if (this.#isOver) throw new FloodmarkError('misuse', 'the try is over: nothing more can be asked for it')
    if (ENDS_IT.test(typeof text === 'string' ? text : text.text)) {
      const how = 'throw to undo it, return to commit it'
      throw new FloodmarkError('misuse', `an effect does not begin or end its transaction: ${how}`)
    }
    const { client } = await this.#begin()
    if (this.#isOver) throw new FloodmarkError('misuse', 'the try is over: nothing more can be asked for it')
    this.#running++
    try {
      return (await client.query(text as string, values as unknown[])) as unknown as SqlResult<never>
    } finally {
      this.#running--
    }
  }

  #missed(error: unknown, isLate: boolean): void {
    if (isAborted(error) || this.#isLost) return
    if (isOfServer(error)) this.#failure = error
    else if (isLate) {
      process.emitWarning(
        'an effect asked PostgreSQL for something after its end, which was not done: await each query',
      )
    } else this.#unseen ??= error
  }

  /** What the server checks at the end, it checks now: a failure is the try's own. */
  async check(ms: number): Promise<void> {
    const connection = await this.#begin()
    const { client } = connection
    this.#isOver = true
    const ask = `SET CONSTRAINTS ALL IMMEDIATE; SELECT current_setting('floodmark.transaction', true) AS name`
    const asked = client.query(ask).catch((error) => {
      throw isAborted(error) ? (this.#failure ?? error) : error
    })
    const results = (await within(ms, asked)) as unknown as { rows: Row[] }[]
    if (this.#unseen !== undefined) throw this.#unseen
    if (results[1]?.rows[0]?.name === this.name) return
    throw new FloodmarkError('misuse', 'the effect ended its transaction itself: leave that to the ledger')
  }

  /** `write` in the transaction, which is then committed where it says so, and else undone. */
  async finish(write: (connection: LeasedConnection) => Promise<boolean>, ms: number): Promise<boolean> {
    const connection = await this.#begin()
    this.#isOver = true
    let isBroken = true
    try {
      const isWritten = await write(connection)
      await connection.query(ms, isWritten ? 'COMMIT' : 'ROLLBACK')
      isBroken = false
      return isWritten
    } finally {
      // A connection that is closed undoes what it has not committed.
      connection.release(isBroken)
    }
  }

  undo(): void {
    this.#isOver = true
    this.#isLost = true
    this.#begun?.then((connection) => this.#undo(connection)).catch(() => {})
  }

  async #undo(connection: LeasedConnection): Promise<void> {
    if (this.#running > 0) {
      // The server would work on for nobody, and hold its locks.
      const pid = Number((connection.client as unknown as { processID: number }).processID)
      const ended = this.#options.own.once(CONNECT_MS, { text: 'SELECT pg_cancel_backend($1)', values: [pid] })
      connection.release(true)
      await ended
      return
    }
    let isBroken = true
    try {
      await connection.query(CONNECT_MS, 'ROLLBACK')
      isBroken = false
    } finally {
      connection.release(isBroken)
    }
  }
}

/** What PostgreSQL says of each statement behind the one that failed. */
function isAborted(error: unknown): boolean {
  return (error as { code?: unknown }).code === '25P02'
}

/** Whether it has a SQLSTATE. */
function isOfServer(error: unknown): boolean {
  return /^[0-9A-Z]{5}$/.test(String((error as { code?: unknown }).code))
}

function within<T>(ms: number, asked: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new FloodmarkError('timeout', 'the transaction was not checked in time')), ms)
  return Promise.race([asked, promise]).finally(() => clearTimeout(timer))
}
