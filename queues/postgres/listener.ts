import type { LeasedConnection, PostgresPool } from '../../src/clients/postgres/connection.ts'
import { type Clock, sleep } from '../../src/core/contracts/clock.ts'

const CALL_MS = 3_000
/** Leases of others run out, and a notice may be lost: so often is looked anyway, ms. */
const POLL_MS = 500
/** A connection that hears nothing may be dead. It is asked every so many polls. */
const ASKED_EVERY = 10

/** Hears of what was published in other processes, as far as the connection holds, and looks now and then anyway. */
export async function listen(
  pool: PostgresPool,
  channel: string,
  clock: Clock,
  onNotice: () => void,
  signal: AbortSignal,
): Promise<void> {
  let connection: LeasedConnection | undefined
  let isLost = false
  for (let polls = 0; !signal.aborted; polls++) {
    try {
      if (connection && (isLost || polls % ASKED_EVERY === 0)) {
        if (isLost) throw new Error('the connection is lost')
        await connection.query(CALL_MS, 'SELECT 1')
      }
      if (!connection) {
        const made = await pool.lease(CALL_MS)
        connection = made
        isLost = false
        made.client.on('notification', onNotice)
        made.client.once('end', () => {
          isLost = true
        })
        await made.query(CALL_MS, `LISTEN ${channel}`)
      }
    } catch {
      connection?.release(true)
      connection = undefined
    }
    await sleep(clock, POLL_MS, signal)
    onNotice()
  }
  connection?.release(true)
}
