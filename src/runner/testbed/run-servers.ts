import type { LedgerDriver } from '../../core/contracts/ledger.ts'
import type { QueueDriver } from '../../core/contracts/queue.ts'
import type { Victim } from '../faults/victim.ts'
import type { Config } from '../plan/settings.ts'
import { provide } from '../servers/provide.ts'
import type { Server } from '../servers/server.ts'
import type { Links } from './links.ts'

/** The servers that a run's queue and ledger need. */
export interface Servers {
  /** Where the stack is to connect to. undefined: the driver keeps its data on local disk. */
  readonly queueUrl: string | undefined
  readonly ledgerUrl: string | undefined
  /** For what lies on local disk; gone when the run has ended. */
  readonly dataFolder: string
  /** Only servers that this run started may be struck by faults. */
  readonly queue: Victim | undefined
  readonly ledger: Victim | undefined
  /** How each was got, a line each. */
  readonly says: readonly string[]
  /** Deletes what the run left on servers that stay, and ends those that it started. */
  stop(): Promise<void>
}

export interface ServersOptions {
  readonly config: Pick<Config, 'queueUrl' | 'ledgerUrl' | 'fsync'>
  readonly modules: { readonly queue: string; readonly ledger: string }
  /** The run's namespace on every server. */
  readonly namespace: string
  readonly dataFolder: string
  /** Faults will strike them: only servers of the run's own will do. */
  readonly ownOnly: boolean
  readonly links: Links
  readonly signal: AbortSignal
  onProgress(line: string): void
}

/** Finds or starts what queue and ledger need; one server serves both where they need the same. @throws as `provide`. */
export async function startServers(options: ServersOptions): Promise<Servers> {
  const { config, modules, namespace, dataFolder, ownOnly, links, signal, onProgress } = options
  const drivers: { queue: QueueDriver; ledger: LedgerDriver } = {
    queue: (await import(modules.queue)).default,
    ledger: (await import(modules.ledger)).default,
  }
  const started: Server[] = []
  const stop = async () => {
    for (const server of started) await server.stop()
  }
  const get = async (kind: string | undefined, url: string | undefined): Promise<Server | undefined> => {
    if (kind === undefined) return undefined
    const same = started.find((server) => server.kind === kind && (url === undefined || url === server.url))
    if (same) return same
    const { fsync } = config
    const server = await provide(kind, { url, folder: dataFolder, fsync, nativeOnly: ownOnly, signal, onProgress })
    started.push(server)
    return server
  }
  try {
    const queue = await get(drivers.queue.server, config.queueUrl)
    const ledger = await get(drivers.ledger.server, config.ledgerUrl)
    return {
      queueUrl: queue && (await links.url('queue-link', queue.url)),
      ledgerUrl: ledger && (await links.url('ledger-link', ledger.url)),
      dataFolder,
      queue: queue && victimOf(queue),
      ledger: ledger && victimOf(ledger),
      // An address that a person gave may hold a password; one of ours does not.
      says: started.map(({ says, url, origin }) => (origin === 'native' ? `${says}, at ${url}` : says)),
      async stop() {
        const staying = (server: Server | undefined) => server && server.origin !== 'native'
        if (staying(queue)) await drivers.queue.drop({ url: queue!.url, namespace }).catch(() => {})
        if (staying(ledger)) await drivers.ledger.drop({ url: ledger!.url, namespace }).catch(() => {})
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function victimOf({ kind, control }: Server): Victim | undefined {
  return control && { ...control, name: `the ${kind} server` }
}
