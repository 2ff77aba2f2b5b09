import { resolve } from 'node:path'
import { ADDRESS } from '../../core/base/kit/address.ts'
import type { Clock } from '../../core/contracts/clock.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Ledger, LedgerDriver } from '../../core/contracts/ledger.ts'
import type { Queue, QueueDriver } from '../../core/contracts/queue.ts'
import { opened } from '../../runner/scenario/plugins.ts'
import { moduleOf } from '../../runner/scenario/registry.ts'
import type { Elsewhere } from './config.ts'
import { readElsewhere } from './elsewhere.ts'
import type { LoadedConfig } from './load.ts'
import { loadPart } from './part.ts'
import { placedIn } from './placed.ts'

/** Where the queue or the ledger of a config keeps its data. @throws FloodmarkError 'misuse' where it needs an address and has none. */
export function urlOf(kind: 'queue' | 'ledger', loaded: LoadedConfig, driver: QueueDriver | LedgerDriver): string {
  const url = addressOf(kind, loaded, driver)
  const { use, kafka } = loaded.config.queue
  if (kind === 'ledger' || kafka === undefined) return url
  if (driver.server !== 'kafka') {
    throw new FloodmarkError('misuse', `queue.kafka is for the queues kafka and kafkajs: leave it out for '${use}'`)
  }
  const said = { ...kafka, ...(kafka.ca !== undefined && { ca: resolve(loaded.folder, kafka.ca) }) }
  const parameters = Object.entries(said).map(([name, value]) => {
    if (value !== undefined) return [name, String(value)]
    throw new FloodmarkError(
      'misuse',
      `queue.kafka.${name} has no value: set the variable that it is read from, or leave it out`,
    )
  })
  return `${url}${url.includes('?') ? '&' : '?'}${new URLSearchParams(parameters)}`
}

function addressOf(
  kind: 'queue' | 'ledger',
  { config, folder }: LoadedConfig,
  { server }: QueueDriver | LedgerDriver,
): string {
  const { use, url } = config[kind]
  if (typeof url === 'string') return server !== undefined || ADDRESS.test(url) ? url : resolve(folder, url)
  if (url !== undefined) return readElsewhere(url as Elsewhere, `the address of the ${kind}`, folder, process.env)
  if (server === undefined) return resolve(folder, config.data, kind)
  const example = `${kind}: { use: '${use}', url: { env: '${kind.toUpperCase()}_URL' } }`
  throw new FloodmarkError('misuse', `the ${kind} '${use}' needs the address of its server: write ${example}`)
}

/** @throws as the driver's open(), and FloodmarkError 'misuse' where the config leads nowhere. */
export async function openQueue(loaded: LoadedConfig, clock: Clock): Promise<Queue> {
  const { config, folder } = loaded
  const name = placedIn(folder, config.queue.use)
  const driver = await loadPart('queue', name)
  const url = urlOf('queue', loaded, driver)
  return opened('queue', await driver.open({ url, namespace: config.namespace, clock }), moduleOf('queue', name))
}

/**
 * To look things up in the ledger beside a running service.
 * @throws FloodmarkError 'misuse' where only the process that holds it can be asked, and as `openLedger`.
 */
export async function openLook(loaded: LoadedConfig, clock: Clock): Promise<Pick<Ledger, 'lookup' | 'close'>> {
  const { config, folder } = loaded
  const driver = await loadPart('ledger', placedIn(folder, config.ledger.use))
  if (driver.look) return driver.look({ url: urlOf('ledger', loaded, driver), namespace: config.namespace, clock })
  const ledger = await openLedger(loaded, clock)
  if (ledger.traits.shared) return ledger
  await ledger.close()
  const what = `the ledger '${config.ledger.use}' can be asked by its own process alone`
  throw new FloodmarkError('misuse', `${what}: set admin: { port: 9090 } and ask /lookup?id=… there`)
}

/** The same for the ledger. */
export async function openLedger(loaded: LoadedConfig, clock: Clock): Promise<Ledger> {
  const { config, folder } = loaded
  const { use, rememberForMs } = config.ledger
  const name = placedIn(folder, use)
  const driver = await loadPart('ledger', name)
  const url = urlOf('ledger', loaded, driver)
  const remembering = rememberForMs === undefined ? {} : { ttlMs: rememberForMs }
  const made = await driver.open({ url, namespace: config.namespace, clock, ...remembering })
  return opened('ledger', made, moduleOf('ledger', name))
}

/**
 * The ledger, for receivers beside those that write it, where a route answers duplicates otherwise. undefined: none does.
 * @throws FloodmarkError 'misuse' where they cannot ask it, and as `openLedger`.
 */
export async function openAsked(loaded: LoadedConfig, clock: Clock): Promise<AskedLedger | undefined> {
  const route = loaded.routes.find(({ replies }) => replies?.duplicate)
  if (!route) return undefined
  const ledger = await openLedger(loaded, clock)
  if (ledger.traits.shared && ledger.lookup) return ledger as AskedLedger
  await ledger.close()
  const why = ledger.lookup ? 'belongs to one process' : 'cannot be asked'
  const what = `route ${route.path} has an answer to duplicates, and the ledger '${loaded.config.ledger.use}' ${why}`
  const todo = 'choose one with a server, run floodmark node, or leave replies.duplicate out'
  throw new FloodmarkError('misuse', `${what}: ${todo}`)
}

export type AskedLedger = Ledger & Required<Pick<Ledger, 'lookup'>>
