import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { FloodmarkError } from '../core/errors.ts'
import { Attackers, marksOf } from './attackers.ts'
import type { Config } from './config.ts'
import { drain } from './drain.ts'
import { Faults } from './faults.ts'
import { warmUpIdOf } from './identity.ts'
import { Links } from './links.ts'
import { pausesOf } from './pauses.ts'
import type { Plan } from './plan-run.ts'
import { type ProviderApi, startProviderApi } from './provider-api.ts'
import { recordOf } from './record-run.ts'
import { journalPath, makeRunFolder, type RunRecord, writeRecord } from './records.ts'
import { Replays } from './replays.ts'
import { resendersOf, resendMarks, resendRecordsOf } from './resends.ts'
import type { ServiceSample } from './roles/protocol.ts'
import type { Progress } from './sender/open-loop.ts'
import type { SenderSetup } from './sender/protocol.ts'
import { Senders } from './senders.ts'
import { type Servers, startServers } from './servers.ts'
import { mountSmallDisk, type SmallDisk } from './small-disk.ts'
import { Stack } from './stack.ts'
import { victimsOf } from './victims.ts'

const WARM_UP_MS = 2_000
const WARM_UP_PER_S_MAX = 500
const LATENESS_MAX_MS = 2_000
/** Room on the disk that a scenario fills. */
const DISK_MEBIBYTES = 256

export interface RunEvents {
  /** What is going on; `detail` for what takes long, such as fetching a server. */
  phase(name: string, detail?: string): void
  sample(service: ServiceSample): void
  progress(sender: number, progress: Progress): void
}

/** Runs a scenario and leaves its raw records in the folder; the report is made from them. */
export async function run(
  config: Config,
  plan: Plan,
  folder: string,
  events: RunEvents,
  interrupt: AbortSignal,
): Promise<RunRecord> {
  makeRunFolder(folder)
  const dataFolder = join(folder, 'data')
  const { faults: planned } = plan.scenario
  const faults = new Faults()
  const replays = new Replays(folder)
  const links = new Links(planned, config.seed)
  const senders = new Senders(interrupt)
  const attackers = new Attackers(interrupt)
  let servers: Servers | undefined
  let providerApi: ProviderApi | undefined
  let stack: Stack | undefined
  let disk: SmallDisk | undefined
  try {
    if (planned.some(({ what }) => what === 'full-disk')) disk = mountSmallDisk(dataFolder, DISK_MEBIBYTES)
    servers = await startServers({
      config,
      modules: plan.modules,
      namespace: plan.runId,
      dataFolder,
      ownOnly: planned.some(({ target }) => target.endsWith('-server')),
      links,
      signal: interrupt,
      onProgress: (line) => events.phase('servers', line),
    })
    providerApi = await startProviderApi(plan, config.seed, interrupt)
    stack = stackOf(config, plan, servers, providerApi, events)
    const durability = await stack.start()
    const setups = await sendersOf(config, plan, stack, links, folder)
    await warmUp(senders, setups[0]!, folder, events)
    await attackers.prepare(plan, setups[0]!.targets, config.seed)

    const { scenario, durationMs } = plan
    const running = stack
    const senderSamples = setups.map((): Progress[] => [])
    const victims = victimsOf({ stack, servers, links, disk })
    for (const { target } of planned) victims(target)
    const resenders = resendersOf(scenario.replays ?? [], setups[0]!, folder)
    const { startAtMs, certificates: all } = await senders.send([...setups, ...resenders], {
      onStart(atMs) {
        providerApi?.begin(atMs)
        faults.schedule(planned, durationMs, atMs, victims)
        replays.schedule(scenario.replays ?? [], running, durationMs, atMs)
        attackers.begin(atMs)
      },
      onProgress(sender, progress) {
        if (sender >= setups.length) return
        senderSamples[sender]!.push(progress)
        events.progress(sender, progress)
      },
    })
    const certificates = all.slice(0, setups.length)
    const resends = resendRecordsOf(resenders, all.slice(setups.length))
    await faults.end(interrupt.aborted)
    await replays.end(scenario.passes.drainMs, interrupt)
    const attacks = await attackers.done()
    stack.misbehave({ capacityPerS: Number.MAX_VALUE })

    events.phase('drain')
    const journals = [...setups, ...resenders].map(({ journalPath }) => journalPath)
    const drained = await drain(stack, folder, journals, scenario.passes.drainMs, interrupt)
    events.phase('audit')
    await stack.stopAll()
    const interrupted = interrupt.aborted
    const happened = { interrupted, stack, servers, faults, replays, startAtMs, certificates, drained, providerApi }
    const record = recordOf(config, plan, folder, happened)
    const samples = samplesOf(stack, senderSamples, startAtMs)
    const marks = [
      ...record.faults,
      ...pausesOf(samples.stack, startAtMs),
      ...marksOf(attacks),
      ...resendMarks(resends),
    ]
    const whole = { ...record, durability, samples, faults: marks, attacks, ...(resends.length > 0 && { resends }) }
    writeRecord(folder, whole)
    return whole
  } finally {
    await faults.end(true)
    await replays.end(0, interrupt)
    await senders.end()
    await attackers.end()
    await stack?.end()
    await providerApi?.close()
    await links.close()
    await servers?.stop()
    disk?.remove()
    rmSync(dataFolder, { recursive: true, force: true })
  }
}

function stackOf(
  config: Config,
  plan: Plan,
  servers: Servers,
  providerApi: ProviderApi | undefined,
  events: RunEvents,
): Stack {
  const { runId, scenarioModule: scenario, modules } = plan
  const routes = plan.routes.map(({ path, source, provider, verifying: secret }) => ({
    path,
    source,
    provider,
    secret,
  }))
  const shared = { queue: servers.queueUrl !== undefined, ledger: servers.ledgerUrl !== undefined }
  if (config.processes > 1 && !shared.queue) {
    const what = `--processes ${config.processes} needs a queue that processes share; ${config.queue} lives in one process`
    throw new FloodmarkError('misuse', `${what}: choose another --queue, or leave --processes out`)
  }
  const queue = { module: modules.queue, url: servers.queueUrl ?? join(servers.dataFolder, 'queue') }
  const ledger = { module: modules.ledger, url: servers.ledgerUrl ?? join(servers.dataFolder, 'ledger') }
  const processes = Math.max(config.processes, shared.queue ? (plan.scenario.processesMin ?? 1) : 1)
  return new Stack({
    setup: {
      runId,
      seed: config.seed,
      routes,
      scenario,
      receiver: modules.receiver,
      queue,
      ledger,
      providerApi: providerApi?.origin,
      ...sizeOf(config, processes),
    },
    processes,
    shared,
    onSample: (sample) => events.sample(sample),
  })
}

/** The receiver's limits, and each receiver's part of the capacity. */
function sizeOf({ inFlightMax, publishDeadline: publishDeadlineMs, capacity }: Config, processes: number) {
  const capacityPerS = capacity === undefined ? undefined : capacity / processes
  return { limits: { inFlightMax, publishDeadlineMs }, capacityPerS }
}

async function sendersOf(
  config: Config,
  plan: Plan,
  stack: Stack,
  links: Links,
  folder: string,
): Promise<SenderSetup[]> {
  const receivers = stack.members.filter(({ port }) => port !== undefined)
  const ports = await Promise.all(
    receivers.map(({ name, port }) => links.port('senders-link', port!, `the link to ${name}`)),
  )
  return Array.from({ length: config.senders }, (_, index) => ({
    kind: 'setup',
    runId: plan.runId,
    seed: config.seed,
    scenario: plan.scenarioModule,
    trace: plan.trace,
    spike: plan.spike,
    durationMs: plan.durationMs,
    ratePerS: plan.ratePerS,
    senders: { index, count: config.senders },
    targets: ports.map((port) => ({ host: '127.0.0.1', port })),
    routes: plan.routes.map(({ path, provider, signing: secret, bodies }) => ({ path, provider, secret, bodies })),
    connectionsMax: config.connectionsMax,
    journalPath: journalPath(folder, index),
    latenessMaxMs: LATENESS_MAX_MS,
  }))
}

/** Events of another id, which nobody counts: code gets compiled, connections and files get opened. */
async function warmUp(senders: Senders, setup: SenderSetup, folder: string, events: RunEvents): Promise<void> {
  events.phase('warm-up')
  const path = join(folder, 'warm-up.bin')
  const less = { durationMs: WARM_UP_MS, ratePerS: Math.min(setup.ratePerS, WARM_UP_PER_S_MAX), journalPath: path }
  const other = { runId: warmUpIdOf(setup.runId), seed: setup.seed ^ 1, senders: { index: 0, count: 1 } }
  await senders.send([{ ...setup, ...less, ...other }], {})
  rmSync(path, { force: true })
}

function samplesOf(stack: Stack, senders: Progress[][], startAtMs: number): RunRecord['samples'] {
  const inTime = ({ atEpochMs }: ServiceSample) => atEpochMs >= startAtMs
  return { stack: stack.members.map(({ name, samples }) => ({ name, samples: samples.filter(inTime) })), senders }
}
