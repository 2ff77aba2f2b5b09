import { PostgresPool } from './connection.ts'

const ASK_MS = 2_000
/** Transactions are told by each connection once a second at most. The log's position is that of now. */
const ASK = `SELECT sum(xact_commit)::float8 AS commits, sum(xact_rollback)::float8 AS rollbacks,
  pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS log_bytes
FROM pg_stat_database WHERE datname = current_database()`

/**
 * The transactions of a PostgreSQL's database since its figures were last set back, and the position in the server's log. Over one
 * connection. Rejects when it does not answer.
 */
export async function postgresCounts(url: string) {
  const pool = new PostgresPool(url, { connectionsMax: 1 })
  let own = 0
  const read = async () => {
    const { commits, rollbacks, log_bytes } = (await pool.once(ASK_MS, ASK)).rows[0] as Record<string, number>
    // Each of these questions is a transaction of its own.
    return { calls: { COMMIT: commits! - own++, ROLLBACK: rollbacks! }, logBytes: log_bytes! }
  }
  try {
    await read()
    return { read, close: () => pool.close() }
  } catch (error) {
    await pool.close()
    throw error
  }
}
