import pg from 'pg'
import { postgresConfig } from './connection.ts'

const ASK_MS = 5_000
const SCHEMAS = `SELECT nspname FROM pg_namespace WHERE nspname ~ '^floodmark_(queue|ledger)_'`

/** The namespaces that have schemas of ours. A hyphen is an underscore there, and comes back as a hyphen. Rejects when the server does not answer. */
export async function postgresNamespaces(url: string): Promise<readonly string[]> {
  const client = new pg.Client({ ...postgresConfig(url), connectionTimeoutMillis: ASK_MS, query_timeout: ASK_MS })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ readonly nspname: string }>(SCHEMAS)
    const names = rows.map(({ nspname }) => nspname.replace(/^floodmark_(queue|ledger)_/, '').replaceAll('_', '-'))
    return [...new Set(names)]
  } finally {
    client.end().catch(() => {})
  }
}
