import pg from 'pg'
import { messageOf } from '../../core/contracts/errors.ts'
import type { ProbeAnswer } from '../../core/contracts/probe.ts'
import { postgresConfig } from './connection.ts'
import { ASK_POSTGRES, judgePostgres } from './facts.ts'

const STARTING = '57P03'

/** undefined when nothing at a postgres:// URL speaks the protocol and is ready within `ms`. Never rejects. */
export async function probePostgres(url: string, ms: number): Promise<ProbeAnswer | undefined> {
  const client = new pg.Client({ ...postgresConfig(url), connectionTimeoutMillis: ms, query_timeout: ms })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query(ASK_POSTGRES)
    try {
      return { product: judgePostgres(rows).product, pid: undefined, trouble: undefined }
    } catch (error) {
      return { product: 'PostgreSQL', pid: undefined, trouble: messageOf(error).replace(/^this PostgreSQL \S+/, 'it') }
    }
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code === STARTING) return undefined
    return { product: 'PostgreSQL', pid: undefined, trouble: `${error.message}. Give its URL` }
  } finally {
    client.end().catch(() => {})
  }
}
