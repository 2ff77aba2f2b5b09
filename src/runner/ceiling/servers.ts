import type { LedgerDriver } from '../../core/contracts/ledger.ts'
import type { QueueDriver } from '../../core/contracts/queue.ts'
import type { RunSettings } from '../plan/settings.ts'
import type { ServerPids } from '../run/run.ts'
import { moduleOf } from '../scenario/registry.ts'
import { knownKind } from '../servers/kinds/index.ts'
import { provide } from '../servers/provide.ts'
import type { Server } from '../servers/server.ts'

export interface Standing {
  /** The settings with the addresses of what stands. */
  readonly settings: RunSettings
  /** The processes of this machine that they are known to be, by address. */
  readonly serverPids: ServerPids
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
  if (settings.target !== undefined) return { settings, serverPids: {}, stop: async () => {} }
  const standing: Server[] = []
  const stop = async () => {
    for (const server of standing) await server.stop()
  }
  const addressOf = async (part: 'queue' | 'ledger', given: string | undefined): Promise<string | undefined> => {
    const driver: QueueDriver | LedgerDriver = (await import(moduleOf(part, settings[part]))).default
    const kind = driver.server
    if (kind === undefined || (given !== undefined && !knownKind(given))) return given
    const same = standing.find((one) => one.kind === kind)
    if (same) return same.url
    const options = { folder, fsync: settings.fsync, nativeOnly: false, signal, onProgress }
    const server = await provide(kind, { ...options, url: given, flag: `--${part}-url` })
    standing.push(server)
    return server.url
  }
  try {
    const queueUrl = await addressOf('queue', settings.queueUrl)
    const ledgerUrl = await addressOf('ledger', settings.ledgerUrl)
    const serverPids = Object.fromEntries(
      standing.map(({ url, pid, control }) => [url, control?.pids() ?? (pid === undefined ? [] : [pid])]),
    )
    return { settings: { ...settings, queueUrl, ledgerUrl }, serverPids, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
