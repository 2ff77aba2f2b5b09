import { type ConnectionsOptions, PostgresPool, type Row } from '../../src/clients/postgres/connection.ts'
import { type LedgerStatements, statementsOf } from './statements.ts'

/** No call takes longer than so many ms, whatever the network does. */
export const CALL_MS = 5_000
/** The server ends by itself what nobody waits for any more. */
const GIVEN_UP = `SET statement_timeout = ${2 * CALL_MS}`
const POOLS = {
  /** Claims are lost with the server's last moments: then they are made again. So they wait for no disk. */
  claims: { connectionsMax: 4, settings: `${GIVEN_UP}; SET synchronous_commit = off` },
  settling: { connectionsMax: 8, settings: GIVEN_UP },
  /** Each try that has statements of its own holds one. */
  effects: { connectionsMax: 16 },
} as const satisfies Record<string, ConnectionsOptions>
type PoolName = keyof typeof POOLS
/** That one process opens at most. */
export const CONNECTIONS_MAX = Object.values(POOLS).reduce((sum, { connectionsMax }) => sum + connectionsMax, 0)
/** The same of one that only looks things up: by the pool of claims, and one more at its start. */
export const LOOKING_MAX = POOLS.claims.connectionsMax + 1

/** A ledger's connections, and what it says on them. */
export class Asking {
  readonly pools: Readonly<Record<PoolName, PostgresPool>>
  readonly statements: LedgerStatements

  /** @throws FloodmarkError 'misuse' when the URL is not one of PostgreSQL. */
  constructor(url: string, schema: string) {
    this.statements = statementsOf(schema)
    this.pools = {
      claims: new PostgresPool(url, POOLS.claims),
      settling: new PostgresPool(url, POOLS.settling),
      effects: new PostgresPool(url, POOLS.effects),
    }
  }

  /** A claim knows its own row again, and the others change nothing when they are repeated; a settle call is sent once. */
  async ask(pool: PoolName, name: keyof LedgerStatements, values: unknown[] = []): Promise<Row[]> {
    const statement = { name: `fm_${name}`, text: this.statements[name], values }
    const from = this.pools[pool]
    const isOnce = name === 'settle' || name === 'keepCopy'
    return (await (isOnce ? from.once(CALL_MS, statement) : from.repeat(CALL_MS, statement))).rows
  }

  /** Waits for the calls under way, then disconnects. Twice is fine. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.pools).map((pool) => pool.close()))
  }
}
