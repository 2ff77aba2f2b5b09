// @module-tag full: leases that run out take a minute; the ledger is tried every time.
import pg from 'pg'
import postgres from '../../queues/postgres.ts'
import { queueContract } from '../contract/queue.ts'
import { describeWithServer } from '../servers.ts'
import { serverTarget } from './server-target.ts'

/** In a lane that has events. */
async function plant(url: string, namespace: string, bytes: Buffer): Promise<void> {
  const client = new pg.Client(`${url.replace('//', '//postgres@')}/postgres`)
  await client.connect()
  const schema = `"floodmark_queue_${namespace}"`
  const values = [bytes.length, bytes]
  await client.query(
    `WITH taken AS (UPDATE ${schema}.lanes SET waiting = waiting + 1, bytes = bytes + $1::int WHERE lane = 'test/k0' RETURNING lane)
    INSERT INTO ${schema}.events (lane, bytes, at_ms, event) SELECT lane, $1::int, 0, $2::bytea FROM taken`,
    values,
  )
  await client.end()
}

describeWithServer('postgres', (server) => {
  queueContract('postgres', () => serverTarget(server(), postgres, 'postgres.ts', plant))
})
