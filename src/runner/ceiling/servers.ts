import type { LedgerDriver } from '../../core/contracts/ledger.ts'
import type { QueueDriver } from '../../core/contracts/queue.ts'
import type { RunSettings } from '../plan/settings.ts'
import { moduleOf } from '../scenario/registry.ts'
import { knownKind } from '../servers/kinds/index.ts'
import { provide } from '../servers/provide.ts'
import { outlives, pidsOf, type Server, type SharedServers } from '../servers/server.ts'

export interface Standing {
  /** The settings with the addresses of what stands. */
  readonly settings: RunSettings
  readonly sharedServers: SharedServers
  stop(): Promise<void>
}

interface StandOptions {
  readonly folder: string
  readonly signal: AbortSignal
  onProgress(line: string): void
}

/** Servers that stand for all trials: starting one takes longer than a trial. @throws as `provide`. */
export async function standServers(
  settings: RunSettings,
  { folder, signal, onProgress }: StandOptions,
): Promise<Standing> {
  // What a target needs stands already.
  if (settings.target !== undefined) return { settings, sharedServers: {}, stop: async () => {} }
  const servers: Server[] = []
  const stop = async () => {
    for (const server of servers) await server.stop()
  }
  const addressOf = async (part: 'queue' | 'ledger', given: string | undefined): Promise<string | undefined> => {
    const driver: QueueDriver | LedgerDriver = (await import(moduleOf(part, settings[part]))).default
    const kind = driver.server
    if (kind === undefined || (given !== undefined && !knownKind(given))) return given
    const same = servers.find((one) => one.kind === kind)
    if (same) return same.url
    const options = { folder, fsync: settings.fsync, nativeOnly: false, signal, onProgress }
    const server = await provide(kind, { ...options, url: given, flag: `--${part}-url` })
    servers.push(server)
    return server.url
  }
  try {
    const queueUrl = await addressOf('queue', settings.queueUrl)
    const ledgerUrl = await addressOf('ledger', settings.ledgerUrl)
    const sharedServers = Object.fromEntries(
      servers.map((server) => [server.url, { pids: pidsOf(server), endsWithThem: !outlives(server) }]),
    )
    return { settings: { ...settings, queueUrl, ledgerUrl }, sharedServers, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
