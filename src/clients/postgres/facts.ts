import { readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { FailureMode } from '../../core/contracts/queue.ts'
import type { Row } from './connection.ts'

/** What one PostgreSQL promises for a transaction that it committed, from its own answers. */
export interface PostgresFacts {
  /** Product and version: 'PostgreSQL 15.14'. */
  readonly product: string
  /** The product, and the settings that decide over durability. */
  readonly text: string
  readonly survives: readonly FailureMode[]
  /** Its folders, its log's first; none where the server is no process of this machine, or does not tell. */
  readonly folders: readonly string[]
  /** Its time, ms since the Unix epoch. */
  readonly nowMs: number
}

const SETTINGS = [
  'server_version',
  'server_encoding',
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'synchronous_standby_names',
  'default_transaction_read_only',
  'data_directory',
]

/** Its rows are what `judgePostgres` wants. */
export const ASK_POSTGRES = `SELECT name, setting FROM pg_settings WHERE name IN ('${SETTINGS.join("','")}')
UNION ALL SELECT 'in_recovery', pg_is_in_recovery()::text
UNION ALL SELECT 'now_ms', (extract(epoch FROM clock_timestamp()) * 1000)::text`

/**
 * What the answers mean. @throws FloodmarkError 'misuse' when nothing could be stored, or not as it was given: on a standby, in a
 * read-only database, or in one that is not UTF-8.
 */
export function judgePostgres(rows: readonly Row[]): PostgresFacts {
  const of: Readonly<Record<string, string | undefined>> = Object.fromEntries(
    rows.map(({ name, setting }) => [name as string, setting as string]),
  )
  const product = `PostgreSQL ${of.server_version?.split(' ')[0] ?? 'of unknown version'}`
  const refuse = (what: string, how: string) => new FloodmarkError('misuse', `this ${product} ${what}: ${how}`)
  if (of.in_recovery === 'true') {
    throw refuse('is a standby and takes no writes', 'give the address of its primary')
  }
  if (of.default_transaction_read_only === 'on') {
    throw refuse('takes no writes (default_transaction_read_only on)', 'give a database and a user that may write')
  }
  if (of.server_encoding !== 'UTF8') {
    throw refuse(`has a database in ${of.server_encoding}`, "make one with CREATE DATABASE … ENCODING 'UTF8'")
  }
  return { product, ...durabilityOf(product, of), folders: foldersHere(of.data_directory), nowMs: Number(of.now_ms) }
}

type Settings = Readonly<Record<string, string | undefined>>

/** A committed transaction lies in the server's memory at least, so it outlives our own process whatever the settings are. */
function durabilityOf(product: string, of: Settings): Pick<PostgresFacts, 'text' | 'survives'> {
  const { synchronous_commit: commit, fsync, full_page_writes: pages, synchronous_standby_names: standbys } = of
  const torn = pages === 'on' ? '' : `, full_page_writes ${pages}`
  const standby = standbys ? `, synchronous standbys ${standbys}` : ''
  const text = `${product}, synchronous_commit ${commit}, fsync ${fsync}${torn}${standby}`
  const survives: FailureMode[] = ['receiver-crash']
  if (commit === 'off') return { text, survives }
  survives.push('broker-crash')
  if (fsync === 'on' && pages === 'on') survives.push('power-loss')
  if (standbys && (commit === 'on' || commit === 'remote_apply')) survives.push('host-loss')
  return { text, survives }
}

/** Only where the process that the folder names runs here and is one of its kind: a container's has another number. */
function foldersHere(dir: string | undefined): readonly string[] {
  if (!dir) return []
  try {
    const [pid] = readFileSync(join(dir, 'postmaster.pid'), 'utf8').split('\n')
    if (!/^\d+$/.test(pid ?? '') || !readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres')) return []
    const log = realpathSync(join(dir, 'pg_wal'))
    return statSync(dir).isDirectory() ? [log, dir] : []
  } catch {
    return []
  }
}
