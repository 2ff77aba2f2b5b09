import { rmSync } from 'node:fs'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { kindOf } from '../faults/index.ts'
import { isServer } from '../faults/planned-fault.ts'
import type { Plan } from '../plan/plan-run.ts'
import { runNamespace } from '../plan/run-namespace.ts'
import type { Durability } from '../records/facts.ts'
import type { Intervention, Plant } from '../records/intervention.ts'
import type { RunEvents } from '../records/run-events.ts'
import type { SharedServers } from '../servers/server.ts'
import { measured } from './disks.ts'
import { Links } from './links.ts'
import { type ProviderApi, startProviderApi } from './provider-api.ts'
import type { Place } from './service-messages.ts'
import { mountSmallDisk, type SmallDisk } from './small-disk.ts'
import { Stack } from './stack.ts'
import { type Store, type Stores, startStores } from './stores.ts'

/** Room on the disk that a scenario fills. */
const DISK_MEBIBYTES = 256

export interface SiteOptions {
  /** The processes of the stack count what they use and do. */
  readonly metered?: boolean
  /** Done to them on purpose, on top of what stands in them on purpose. */
  readonly intervention?: Intervention | undefined
  readonly plant?: Plant | undefined
  /** Those of the settings' servers that stand for several runs. Default: none. */
  readonly sharedServers?: SharedServers | undefined
}

/** All that stands while a run lasts: queue and ledger with their servers, the providers' own API, the stack under test, and the links between. */
export class Site {
  readonly links: Links
  readonly #plan: Plan
  readonly #dataFolder: string
  readonly #namespace: string
  disk: SmallDisk | undefined
  providerApi: ProviderApi | undefined
  #stores: Stores | undefined
  #stack: Stack | undefined

  readonly #options: SiteOptions

  constructor(plan: Plan, dataFolder: string, options: SiteOptions = {}) {
    this.#plan = plan
    this.#options = options
    this.#dataFolder = dataFolder
    this.#namespace = runNamespace(plan.runId, Date.now())
    this.links = new Links(plan.scenario.faults, plan.settings.seed)
  }

  /** Once open. */
  get stores(): Stores {
    return this.#stores!
  }

  get stack(): Stack {
    return this.#stack!
  }

  /** Resolves when every process is ready. Whatever of it fails, `close` is still to be called. */
  async open(events: RunEvents, interrupt: AbortSignal): Promise<Durability> {
    const plan = this.#plan
    const { settings } = plan
    const { faults } = plan.scenario
    if (faults.some((fault) => kindOf(fault).needsSmallDisk))
      this.disk = mountSmallDisk(this.#dataFolder, DISK_MEBIBYTES)
    this.#stores = await startStores({
      settings,
      modules: plan.modules,
      namespace: this.#namespace,
      durationMs: plan.durationMs,
      dataFolder: this.#dataFolder,
      ownOnly: faults.some(({ strikes }) => isServer(strikes)),
      links: this.links,
      sharedServers: this.#options.sharedServers,
      signal: interrupt,
      onProgress: (line) => events.phase('servers', line),
    })
    this.providerApi = await startProviderApi(plan, settings.seed, interrupt)
    const { stores, providerApi } = this
    const onSample: RunEvents['sample'] = (sample, process) => events.sample(sample, process)
    this.#stack = stackOf(plan, { stores, providerApi, onSample, namespace: this.#namespace, ...this.#options })
    return measured(await this.#stack.start())
  }

  /** Ends every process and server, in whatever state, and removes their data. */
  async close(): Promise<void> {
    await this.#stack?.end()
    await this.providerApi?.close()
    await this.links.close()
    await this.#stores?.stop()
    this.disk?.remove()
    rmSync(this.#dataFolder, { recursive: true, force: true })
  }
}

interface StackParts extends SiteOptions {
  readonly stores: Stores
  readonly namespace: string
  readonly providerApi: ProviderApi | undefined
  readonly onSample: RunEvents['sample']
}

function stackOf(plan: Plan, parts: StackParts): Stack {
  const { stores, namespace, providerApi, onSample, metered = false, intervention, plant } = parts
  const { settings, trace, runId, scenarioModule: scenario, modules } = plan
  const routes = plan.routes.map(({ path, source, provider, verifying: secret, timedHeaders }) => ({
    path,
    source,
    provider,
    secret,
    timedHeaders,
  }))
  const shared = { queue: stores.queue.shared, ledger: stores.ledger.shared }
  if (settings.processes > 1 && !shared.queue) {
    const what = `--processes ${settings.processes} needs a queue that processes share; ${settings.queue} lives in one process`
    throw new FloodmarkError('misuse', `${what}: choose another --queue, or leave --processes out`)
  }
  const queue = placeOf(modules.queue, stores.queue)
  const ledger = placeOf(modules.ledger, stores.ledger)
  const processes = Math.max(settings.processes, shared.queue ? (plan.scenario.processesMin ?? 1) : 1)
  return new Stack({
    setup: {
      runId,
      namespace,
      settings,
      trace,
      routes,
      scenario,
      receiver: modules.receiver,
      queue,
      ledger,
      providerApi: providerApi?.origin,
      receivers: processes,
      metered,
      intervention,
      plant,
    },
    processes,
    shared,
    onSample,
  })
}

function placeOf(module: string, { url, keptMs }: Store): Place {
  return { module, url, ...(keptMs !== undefined && { keptMs }) }
}
