import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Scenario } from '../core/scenario.ts'
import { type Child, startChild } from './child.ts'
import type { Config } from './config.ts'
import { warmUpIdOf } from './identity.ts'
import { journalPath, makeRunFolder, type RunRecord, writeRecord } from './records.ts'
import { moduleOf } from './registry.ts'
import type { Durability, FromService, ServiceSample, ToService } from './roles/protocol.ts'
import { type Certificate, type Progress, preciseNow } from './sender/open-loop.ts'
import type { FromSender, SenderSetup, ToSender } from './sender/protocol.ts'

type ServiceProcess = Child<ToService, FromService>
type SenderProcess = Child<ToSender, FromSender>

/** Time for processes to get going before the first arrival, ms. */
const HEAD_START_MS = 300
const WARM_UP_MS = 2_000
const LATENESS_MAX_MS = 2_000
const POLL_MS = 100
const END_MS = 5_000

export interface RunEvents {
  phase(name: string): void
  sample(service: ServiceSample): void
  progress(sender: number, progress: Progress): void
}

/** Runs a scenario and leaves its raw records in the folder; the report is made from them. */
export async function run(
  config: Config,
  folder: string,
  events: RunEvents,
  interrupt: AbortSignal,
): Promise<RunRecord> {
  const scenarioModule = moduleOf('scenario', config.scenario)
  const modules = {
    receiver: moduleOf('receiver', config.receiver),
    queue: moduleOf('queue', config.queue),
    ledger: moduleOf('ledger', config.ledger),
  }
  const scenario: Scenario = (await import(scenarioModule)).default
  makeRunFolder(folder)
  const dataFolder = join(folder, 'data')
  const durationMs = config.duration ? config.duration * 1_000 : config.quick ? scenario.quickMs : scenario.durationMs
  const ratePerS = config.rate ?? scenario.ratePerS
  const routes = scenario.mix.map(({ provider }) => ({
    path: `/webhooks/${provider}`,
    source: provider,
    provider: moduleOf('provider', provider),
    secret: randomBytes(24).toString('hex'),
  }))
  const runId = randomBytes(5).toString('hex')
  const children: { end(ms: number): Promise<void> }[] = []
  try {
    const start = async (id: string): Promise<{ service: ServiceProcess; port: number; durability: Durability }> => {
      const service: ServiceProcess = startChild('service')
      children.push(service)
      service.send({
        kind: 'setup',
        runId: id,
        seed: config.seed,
        ...modules,
        scenario: scenarioModule,
        routes,
        dataFolder,
        port: 0,
      })
      const { port, durability } = await service.next('ready')
      return { service, port, durability }
    }
    const { service, port, durability } = await start(runId)
    const errors: string[] = []
    const samples: ServiceSample[] = []
    service.on((message) => {
      if (message.kind === 'error' && errors.length < 20) errors.push(message.message)
      if (message.kind !== 'sample') return
      samples.push(message.sample)
      events.sample(message.sample)
    })
    const sending = {
      scenario: scenarioModule,
      targets: [{ host: '127.0.0.1', port }],
      routes,
      connectionsMax: config.connectionsMax,
      latenessMaxMs: LATENESS_MAX_MS,
    }

    events.phase('warm-up')
    const warmUp = join(folder, 'warm-up.bin')
    const warm = {
      ...sending,
      runId: warmUpIdOf(runId),
      seed: config.seed ^ 1,
      durationMs: WARM_UP_MS,
      ratePerS: Math.min(ratePerS, 500),
      senders: { index: 0, count: 1 },
      journalPath: warmUp,
    }
    let warmUpAccepted = 0
    await send([{ kind: 'setup', ...warm }], children, interrupt, (_, progress) => {
      warmUpAccepted = progress.accepted
    })
    rmSync(warmUp, { force: true })

    const setups = Array.from({ length: config.senders }, (_, index): SenderSetup => {
      const senders = { index, count: config.senders }
      return {
        kind: 'setup',
        ...sending,
        runId,
        seed: config.seed,
        durationMs,
        ratePerS,
        senders,
        journalPath: journalPath(folder, index),
      }
    })
    const senderSamples = setups.map((): Progress[] => [])
    const { startAtMs, certificates } = await send(setups, children, interrupt, (sender, progress) => {
      senderSamples[sender]!.push(progress)
      events.progress(sender, progress)
    })

    events.phase('drain')
    const accepted = senderSamples.reduce((sum, list) => sum + (list.at(-1)?.accepted ?? 0), 0)
    const { drained, tookMs } = await drain(samples, accepted + warmUpAccepted, scenario.passes.drainMs, interrupt)
    events.phase('audit')
    service.send({ kind: 'export', folder })
    await service.next('exported')
    service.send({ kind: 'stop' })
    await service.next('stopped')

    const record: RunRecord = {
      id: folder.split('/').at(-1)!,
      runId,
      startedAt: new Date(startAtMs).toISOString(),
      startAtMs,
      scenario: scenarioModule,
      setup: {
        receiver: config.receiver,
        queue: config.queue,
        ledger: config.ledger,
        ratePerS,
        rateChosen: config.rate
          ? 'asked for by --rate'
          : `the scenario's own: a fixed ${ratePerS}/s, so that runs on different machines compare; chosen to leave a two-core machine room at the peak`,
        durationMs,
        quick: config.quick,
        seed: config.seed,
        acceptP99Ms: config.p99 ?? scenario.passes.acceptP99Ms,
        connectionsMax: config.connectionsMax,
      },
      durability,
      certificates,
      samples: { service: samples.filter(({ atEpochMs }) => atEpochMs >= startAtMs), senders: senderSamples },
      drainedMs: tookMs,
      drained,
      interrupted: interrupt.aborted,
      errors,
      reproduce: reproduce(config, ratePerS, durationMs),
    }
    writeRecord(folder, record)
    return record
  } finally {
    await Promise.all(children.map((child) => child.end(END_MS)))
    rmSync(dataFolder, { recursive: true, force: true })
  }
}

/** Starts senders, lets them begin together, and waits until each has certified itself. */
async function send(
  setups: readonly SenderSetup[],
  children: { end(ms: number): Promise<void> }[],
  interrupt: AbortSignal,
  onProgress: (sender: number, progress: Progress) => void,
): Promise<{ startAtMs: number; certificates: Certificate[] }> {
  const senders = setups.map((setup): SenderProcess => {
    const sender: SenderProcess = startChild('sender')
    children.push(sender)
    sender.send(setup)
    return sender
  })
  await Promise.all(senders.map((sender) => sender.next('ready')))
  const stop = () => {
    for (const sender of senders) sender.send({ kind: 'stop' })
  }
  interrupt.addEventListener('abort', stop, { once: true })
  const startAtMs = preciseNow() + HEAD_START_MS
  const done = senders.map((sender, index) => {
    sender.on((message) => {
      if (message.kind === 'progress') onProgress(index, message.progress)
    })
    const certified = sender.next('done')
    sender.send({ kind: 'start', startAtMs })
    return certified
  })
  if (interrupt.aborted) stop()
  const certificates = (await Promise.all(done)).map(({ certificate }) => certificate)
  await Promise.all(senders.map((sender) => sender.end(END_MS)))
  return { startAtMs, certificates }
}

const settledBy = (sample: ServiceSample | undefined) => (sample ? sample.applied + sample.buried : 0)

/** Waits until as many events are settled as were accepted: the ledger decides, the queue's depth never does. */
async function drain(samples: readonly ServiceSample[], wanted: number, drainMs: number, interrupt: AbortSignal) {
  const startedMs = performance.now()
  for (;;) {
    const tookMs = performance.now() - startedMs
    // Twice the same: events whose sender never got an answer may be on their way beside the accepted ones.
    const settled = settledBy(samples.at(-1))
    if (settled >= wanted && settled === settledBy(samples.at(-2))) return { drained: true, tookMs }
    if (tookMs > drainMs || interrupt.aborted) return { drained: false, tookMs }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

function reproduce(config: Config, ratePerS: number, durationMs: number): string {
  const flags = [
    `--receiver ${config.receiver}`,
    `--queue ${config.queue}`,
    `--ledger ${config.ledger}`,
    `--rate ${ratePerS}`,
    `--duration ${durationMs / 1_000}`,
    `--seed ${config.seed}`,
  ]
  return `npm run scenario ${config.scenario} -- ${flags.join(' ')}`
}
