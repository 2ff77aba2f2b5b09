import { execFile, spawnSync } from 'node:child_process'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FloodmarkError, messageOf } from '../../../core/contracts/errors.ts'
import type { Fsync } from '../server.ts'
import type { Recipe, ServerKindDefinition, ServerUser } from './definition.ts'

/** Its log is synced before a commit is answered, or a little later. The files themselves may then be written at leisure. */
export const POSTGRES_COMMIT: Record<Fsync, string> = { always: 'on', everysec: 'off' }
export const POSTGRES_SETTINGS = {
  fsync: 'on',
  full_page_writes: 'on',
  max_connections: '200',
  max_wal_size: '2GB',
  // Short statements gain nothing by it.
  jit: 'off',
} as const

const run = promisify(execFile)
const INSTALL =
  'install it (apt-get install postgresql, or brew install postgresql), start Docker, or give the URL of a server'
const DEBIAN = '/usr/lib/postgresql'
const INIT_MAX_MS = 60_000
/** It refuses to run as root. What it gets of ours is its own folder only. */
const USERS = ['postgres', 'nobody']

/** @throws FloodmarkError 'unavailable' when there is no PostgreSQL on this machine, or nobody whom it would run as. */
async function recipe(fsync: Fsync): Promise<Recipe> {
  const bin = programs()
  const version =
    /(\d+\.\d+)/.exec(spawnSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }).stdout)?.[1] ?? ''
  const user = process.getuid?.() === 0 ? someUser() : undefined
  return {
    says: `PostgreSQL ${version}, synchronous_commit ${POSTGRES_COMMIT[fsync]}`,
    ports: 1,
    readyMaxMs: 60_000,
    ...(user && { user }),
    async prepare(folder, [port]) {
      const data = join(folder, 'data')
      if (user) chownSync(folder, user.uid, user.gid)
      if (!existsSync(join(data, 'PG_VERSION'))) await init(bin, data, folder, user)
      const settings = {
        ...POSTGRES_SETTINGS,
        synchronous_commit: POSTGRES_COMMIT[fsync],
        listen_addresses: '127.0.0.1',
        port: String(port),
        unix_socket_directories: '',
      }
      const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
      return { file: join(bin, 'postgres'), args: ['-D', data, ...args], env: { LC_ALL: 'C.UTF-8' } }
    },
  }
}

/** Only this machine can reach it, and anybody here who does is let in. */
async function init(bin: string, data: string, cwd: string, user: ServerUser | undefined): Promise<void> {
  const args = ['-D', data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']
  try {
    await run(join(bin, 'initdb'), args, { timeout: INIT_MAX_MS, cwd, ...user })
  } catch (cause) {
    const why = (cause as { stderr?: string }).stderr?.trim().split('\n').at(-1) || messageOf(cause)
    throw new FloodmarkError('unavailable', `PostgreSQL could not make its folder: ${why}`, { cause })
  }
}

/** Where initdb and postgres are: Debian keeps them out of the path. */
function programs(): string {
  const found = spawnSync('sh', ['-c', 'command -v initdb && command -v postgres'], { encoding: 'utf8' })
  if (found.status === 0) return join(found.stdout.split('\n')[0]!, '..')
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const newest = versions.map((version) => join(DEBIAN, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')))
  if (newest) return newest
  throw new FloodmarkError('unavailable', `there is no PostgreSQL: ${INSTALL}`)
}

function someUser(): ServerUser {
  for (const name of USERS) {
    const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout.trim())
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new FloodmarkError('unavailable', `PostgreSQL does not run as root, and there is no user ${USERS.join(' or ')}`)
}

const postgres: ServerKindDefinition = {
  name: 'postgres',
  urlLike: { pattern: /^postgres(ql)?:\/\/\S+$/, example: 'postgres://user@host:5432/database' },
  scheme: 'postgres',
  defaultPort: 5432,
  probe: async (url, ms) => (await import('../../../clients/postgres/probe.ts')).probePostgres(url, ms),
  namespaces: async (url) => (await import('../../../clients/postgres/namespaces.ts')).postgresNamespaces(url),
  counts: async (url) => (await import('../../../clients/postgres/counts.ts')).postgresCounts(url),
  recipe: ({ fsync }) => recipe(fsync),
  compose: { env: (fsync) => ({ FLOODMARK_POSTGRES_COMMIT: POSTGRES_COMMIT[fsync] }) },
}
export default postgres
