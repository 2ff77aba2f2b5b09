import type { Quota } from '../../core/contracts/quota.ts'
import { PostgresPool } from './connection.ts'

const ASK_MS = 5_000
const ASK = `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS max,
  (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS used`

type WantedConnections = Pick<Extract<Quota, { of: 'connections' }>, 'eachProcess' | 'eachLook'>

/** Connections of a server, of which a process wants so many. Rejects when it does not answer. */
export async function connectionsAt(url: string, wanted: WantedConnections): Promise<readonly Quota[]> {
  const pool = new PostgresPool(url, { connectionsMax: 1 })
  try {
    const { max, used } = (await pool.once(ASK_MS, ASK)).rows[0] as { max: number; used: number }
    return [{ of: 'connections', ...wanted, max, used }]
  } finally {
    await pool.close()
  }
}
