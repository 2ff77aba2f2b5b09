import type { Destination, ExchangeEnd, SenderConnection } from '../sender/connection.ts'
import { ConnectionPool } from '../sender/pool.ts'
import type { NextRequest } from './forged.ts'
import type { RawEnd, Shoot } from './raw-exchange.ts'

/** A request without an answer is given up after so many ms. */
const PATIENCE_MS = 5_000

interface KeptAliveWork {
  done: (ended: RawEnd) => void
  patience: NodeJS.Timeout | undefined
}

/** Well-formed requests over connections that are kept and used again. */
export function keptAlive(destinations: readonly Destination[], connections: number, next: NextRequest) {
  const onEnd = (connection: SenderConnection<KeptAliveWork>, exchange: ExchangeEnd) => {
    const { work } = connection
    clearTimeout(work.patience)
    if ('status' in exchange) {
      if (exchange.reusable) pool.give(connection)
      work.done({ how: exchange.status })
    } else work.done({ how: exchange.cause === 'timeout' ? 'unanswered' : 'closed' })
  }
  const work = (): KeptAliveWork => ({ done: () => {}, patience: undefined })
  const pool = new ConnectionPool<KeptAliveWork>({ destinations, connectionsMax: connections, work, onEnd })
  let sent = 0
  const shoot: Shoot = (done) => {
    const connection = pool.take()
    if (!connection) {
      // Each is closing: the next look finds its place free.
      setImmediate(() => done({ how: 'closed' }))
      return { cancel: () => {} }
    }
    connection.work.done = done
    connection.work.patience = setTimeout(() => connection.timeout(), PATIENCE_MS)
    connection.send(next(`${connection.destination.host}:${connection.destination.port}`, sent++))
    return { cancel: () => connection.timeout() }
  }
  return { shoot, close: () => pool.close() }
}
