import { join } from 'node:path'
import { shownPlace } from '../../core/base/kit/address.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Ledger, LedgerDriver } from '../../core/contracts/ledger.ts'
import type { Queue, QueueDriver } from '../../core/contracts/queue.ts'
import type { Victim } from '../faults/victim.ts'
import { runKeptMs } from '../plan/run-namespace.ts'
import type { RunSettings } from '../plan/settings.ts'
import type { ServerCounts } from '../records/facts.ts'
import { opened } from '../scenario/plugins.ts'
import { knownKind } from '../servers/kinds/index.ts'
import { provide } from '../servers/provide.ts'
import { outlives, pidsOf, type Server, type SharedServers } from '../servers/server.ts'
import type { Links } from './links.ts'
import { openCounts } from './meters/server-counts.ts'

/** Where a run's queue or ledger keeps its data. */
export interface Store {
  /** The address that the stack's processes open it with. */
  readonly url: string
  /** Several processes may have it open at once: what the opened queue or ledger says of itself. */
  readonly shared: boolean
  /** Its server, for faults; undefined where it has none, or one that this run did not start. */
  readonly victim: Victim | undefined
  /** What is written there is to end by itself after so many ms: the server outlives the run. */
  readonly keptMs?: number
}

/** The queue and the ledger of a run, ready to be opened by the stack. */
export interface Stores {
  readonly queue: Store
  readonly ledger: Store
  /** How each server was got, a line each. */
  readonly says: readonly string[]
  /** With the processes of this machine that each is known to be now. */
  readonly servers: readonly { readonly kind: string; readonly url: string; pids(): readonly number[] }[]
  /** What the servers say of themselves. Rejects when one does not answer. */
  readCounts(): Promise<ServerCounts>
  /** Deletes the run's data on servers that others use too, and ends the servers that it started. */
  stop(): Promise<void>
}

export interface StoresOptions {
  readonly settings: Pick<RunSettings, 'queueUrl' | 'ledgerUrl' | 'fsync'>
  readonly modules: { readonly queue: string; readonly ledger: string }
  /** The run's namespace in every store. */
  readonly namespace: string
  /** How long the run takes. */
  readonly durationMs: number
  /** For what lies on local disk; gone when the run has ended. */
  readonly dataFolder: string
  /** Faults will strike the servers: only servers of the run's own will do. */
  readonly ownOnly: boolean
  readonly links: Links
  readonly sharedServers?: SharedServers | undefined
  readonly signal: AbortSignal
  onProgress(line: string): void
}

type StoreKind = 'queue' | 'ledger'
type Driver = QueueDriver | LedgerDriver

/**
 * Finds or starts the servers that queue and ledger need, one for both where they need the same. An address that was given is
 * used as it is. @throws as `provide`, and as the drivers' open().
 */
export async function startStores(options: StoresOptions): Promise<Stores> {
  const { settings, modules, namespace, durationMs, dataFolder, ownOnly, links, sharedServers, signal, onProgress } =
    options
  const started: Server[] = []
  const drops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const drop of drops) await drop()
    for (const server of started) await server.stop()
  }
  const serverOf = async (kind: string, part: StoreKind, url: string | undefined): Promise<Server> => {
    const same = started.find((server) => server.kind === kind && (url === undefined || url === server.url))
    if (same) return same
    const { fsync } = settings
    const flag = `--${part}-url`
    const server = await provide(kind, {
      url,
      flag,
      folder: dataFolder,
      fsync,
      nativeOnly: ownOnly,
      signal,
      onProgress,
    })
    started.push(server)
    return server
  }
  const storeOf = async (part: StoreKind, given: string | undefined): Promise<Store> => {
    const driver: Driver = (await import(modules[part])).default
    const server = driver.server === undefined ? undefined : await serverOf(driver.server, part, given)
    const home = server?.url ?? given ?? join(dataFolder, part)
    let isOpened = false
    if (server ? server.origin !== 'native' : given !== undefined) {
      const place = { url: home, namespace }
      drops.push(() => dropOrTell({ driver, server, place, isOpened }, onProgress))
    }
    const staysOn = server && outlives(server) && !sharedServers?.[server.url]?.endsWithThem
    const kept = staysOn && { keptMs: runKeptMs(durationMs) }
    const url = server ? await links.url(`${part}-link`, server) : home
    const store = await driver.open({ url: home, namespace, ...kept })
    isOpened = true
    return {
      url,
      shared: await isShared(opened(part, store, modules[part])),
      victim: server && victimOf(server),
      ...kept,
    }
  }
  try {
    const queue = await storeOf('queue', settings.queueUrl)
    const ledger = await storeOf('ledger', settings.ledgerUrl)
    // An address that a person gave may hold a password; one of ours does not.
    const says = started.map(({ says, url, origin }) => (origin === 'native' ? `${says}, at ${shownPlace(url)}` : says))
    const servers = started.map((server) => {
      const { kind, url } = server
      return { kind, url, pids: () => sharedServers?.[url]?.pids ?? pidsOf(server) }
    })
    const counts = await openCounts(started, namespace)
    return {
      ...{ queue, ledger, says, servers },
      readCounts: counts.read,
      stop: async () => {
        await counts.close()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Droppable {
  readonly driver: Driver
  readonly server: Server | undefined
  readonly place: { readonly url: string; readonly namespace: string }
  readonly isOpened: boolean
}

/** What could not be removed is told, with the command that removes it later. Never rejects. */
async function dropOrTell(one: Droppable, tell: (line: string) => void): Promise<void> {
  const { driver, server, place, isOpened } = one
  try {
    await driver.drop(place)
  } catch (error) {
    // Nothing was ever stored at an address that was refused when it was opened.
    if (!isOpened && error instanceof FloodmarkError && error.code === 'misuse') return
    const where = server ? `${server.kind} at ${shownPlace(place.url)}` : shownPlace(place.url)
    const how = `npm run brokers -- sweep ${server?.kind} --url <its URL> --only ${place.namespace} --yes`
    const remedy = server && knownKind(server.kind) ? `. Remove it later: ${how}` : ''
    const why = messageOf(error).replace(/[.?]$/, '')
    tell(`the data of this run, ${place.namespace}, stay on ${where}: ${why}${remedy}`)
  }
}

/** It was opened for a moment, since only an opened queue or ledger knows. */
async function isShared(store: Queue | Ledger): Promise<boolean> {
  await store.close()
  return store.traits.shared
}

function victimOf({ kind, control }: Server): Victim | undefined {
  return control && { ...control, name: control.strikes ?? `the ${kind} server` }
}
