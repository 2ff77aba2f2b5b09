import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { Attackers } from '../load/attackers.ts'
import { resendersOf, resendRecordsOf } from '../load/resends.ts'
import type { SendTarget } from '../load/sender/connection.ts'
import type { SenderSetup } from '../load/sender/sender-messages.ts'
import { Senders } from '../load/senders.ts'
import { BesideWatch } from '../machine/beside.ts'
import { MachineWatch } from '../machine/watch.ts'
import { warmUpIdOf } from '../plan/identity.ts'
import type { Plan } from '../plan/plan-run.ts'
import { epochAt } from '../processes/precise-now.ts'
import type { Progress } from '../records/facts.ts'
import { beginPlan } from '../records/plan-file.ts'
import type { RunEvents } from '../records/run-events.ts'
import { dataPath, reserveRoom } from '../records/run-folder.ts'
import { journalPath, type RunRecord, writeRecord } from '../records/run-record.ts'
import { lookMsOf, runLimits } from '../testbed/run-limits.ts'
import { Site, type SiteOptions } from '../testbed/testbed.ts'
import { victimsOf } from '../testbed/victims.ts'
import { recordOf } from './compose-record.ts'
import { DeadLetterReplays } from './dead-letter-replays.ts'
import { drain } from './drain.ts'
import { FaultInjector } from './fault-injector.ts'

const WARM_UP_MS = 2_000
export const WARM_UP_PER_S_MAX = 500
const LATENESS_MAX_MS = 2_000

interface RunOptions extends SiteOptions {
  /**
   * Whether the ledger is watched after the last effect until nothing could come again. A report says when it was not: then it
   * does not know of what a lease would have brought back.
   */
  readonly watches?: boolean
  /** Servers that the settings give by address and that are known to be processes of this machine. */
  readonly serverPids?: readonly number[]
  /** How long the ledger is waited for. Default: as long as the scenario's pass mark says. */
  readonly drainMs?: number | undefined
  /** Before the first event. Default: 2 s. A load that grows slowly from little needs less. */
  readonly warmUpMs?: number
}

/** Runs a scenario and leaves its raw records in the folder, which is this run's alone; the report is made from them. */
export async function run(
  plan: Plan,
  folder: string,
  events: RunEvents,
  interrupt: AbortSignal,
  { watches = true, serverPids = [], metered = false, intervention, warmUpMs, ...others }: RunOptions = {},
): Promise<RunRecord> {
  const site = new Site(plan, dataPath(folder), { metered, intervention })
  const traffic = {
    faults: new FaultInjector(),
    replays: new DeadLetterReplays(folder),
    senders: new Senders(interrupt),
  }
  const attackers = new Attackers(interrupt)
  const watch = new MachineWatch()
  const beside = new BesideWatch()
  try {
    const eventsPlanned = (plan.ratePerS * plan.durationMs) / 1_000
    const giveBackRoom = reserveRoom(folder, eventsPlanned, 'drain')
    const giveBackRest = reserveRoom(folder, eventsPlanned, 'report')
    events.phase('plan')
    const written = await beginPlan(plan, folder)
    const durability = await site.open(events, interrupt)
    const setups = await sendersOf(plan, site, folder)
    await warmUp(traffic.senders, setups[0]!, { folder, events, durationMs: warmUpMs })
    await attackers.prepare(plan, setups[0]!.targets)
    if (interrupt.aborted) throw new FloodmarkError('unavailable', 'interrupted before the first event was sent')
    const sent = await send(plan, site, setups, { ...traffic, attackers, watch, beside, serverPids }, folder, events)
    const { passes } = plan.scenario
    const lookMs = watches ? lookMsOf(runLimits(plan.settings.quick).leaseMs) : 0
    await traffic.faults.end(interrupt.aborted)
    await traffic.replays.end(passes.drainMs, interrupt)
    const attacks = await attackers.done()
    site.stack.liftCapacity()

    giveBackRoom()
    events.phase('drain')
    const onDrained = () => events.phase('watch', 'drained; watching whether anything comes again')
    const { drainMs = passes.drainMs } = others
    const drained = await drain({ stack: site.stack, folder, ...sent, drainMs, lookMs, interrupt, onDrained })
    events.phase('audit')
    await site.stack.stopAll()
    giveBackRest()
    const afterSending = watch.afterSending()
    const interrupted = interrupt.aborted || sent.certificates.some(({ journalFull }) => journalFull !== undefined)
    await written.finish(plannedUntilMs(sent.certificates, interrupted))
    const record = recordOf(plan, folder, {
      interrupted,
      durability,
      site,
      ...traffic,
      attacks,
      drained,
      intervention,
      ...sent,
      machine: { ...sent.machine, afterSending },
    })
    writeRecord(folder, record)
    return record
  } finally {
    watch.stop()
    beside.stop()
    await traffic.faults.end(true)
    await traffic.replays.end(0, interrupt)
    await traffic.senders.end()
    await attackers.end()
    await site.close()
  }
}

/** Events that are due later belong to no report: where a run was cut short, nobody would have sent them. */
export function plannedUntilMs(certificates: RunRecord['certificates'], interrupted: boolean): number {
  const isCut = interrupted || certificates.some(({ gaveUp }) => gaveUp)
  return isCut ? Math.max(...certificates.map(({ endedAtMs }) => endedAtMs)) : Number.POSITIVE_INFINITY
}

interface Traffic {
  readonly faults: FaultInjector
  readonly replays: DeadLetterReplays
  readonly senders: Senders
  readonly attackers: Attackers
  readonly watch: MachineWatch
  readonly beside: BesideWatch
  readonly serverPids: readonly number[]
}

/** Sends all of it, with everything that the scenario plans beside. Resolves when the last attempt has ended. */
async function send(
  { scenario, durationMs }: Plan,
  site: Site,
  setups: readonly SenderSetup[],
  { faults, replays, senders, attackers, watch, beside, serverPids }: Traffic,
  folder: string,
  events: RunEvents,
) {
  const { faults: planned, replays: plannedReplays = [] } = scenario
  const senderSamples = setups.map((): Progress[] => [])
  const victims = victimsOf(site)
  for (const { target } of planned) victims(target)
  const resenders = resendersOf(plannedReplays, setups[0]!, folder)
  const all = [...setups, ...resenders]
  let startedAtEpochMs = Number.NaN
  const { startAtMs, certificates } = await senders.send(all, {
    onStart(atMs) {
      startedAtEpochMs = epochAt(atMs)
      site.providerApi?.begin(atMs, startedAtEpochMs)
      faults.schedule(planned, durationMs, atMs, victims)
      replays.schedule(plannedReplays, site.stack, durationMs, atMs)
      attackers.begin(atMs)
      const pids = () => [...site.stores.serverPids, ...serverPids]
      watch.begin(atMs, () => ({ sender: senders.pids, stack: site.stack.pids, server: pids() }))
      beside.begin(atMs, { pids, commands: () => site.stores.countCommands() })
    },
    onProgress(sender, progress) {
      if (sender >= setups.length) return
      senderSamples[sender]!.push(progress)
      events.progress(sender, progress)
    },
  })
  return {
    startAtMs,
    startedAtEpochMs,
    machine: await watch.sent(),
    besideSamples: await beside.end(),
    senderSamples,
    journals: all.map(({ journalPath }) => journalPath),
    certificates: certificates.slice(0, setups.length),
    resends: resendRecordsOf(resenders, certificates.slice(setups.length)),
  }
}

async function sendersOf(plan: Plan, { stack, links }: Site, folder: string): Promise<SenderSetup[]> {
  const receivers = stack.members.filter(({ port }) => port !== undefined)
  const ports = await Promise.all(
    receivers.map(({ name, port }) => links.port('senders-link', port!, `the link to ${name}`)),
  )
  return setupsOf(
    plan,
    ports.map((port) => ({ host: '127.0.0.1', port })),
    folder,
  )
}

/** Of each sender of a run. */
export function setupsOf(plan: Plan, targets: readonly SendTarget[], folder: string): SenderSetup[] {
  const { settings } = plan
  return Array.from({ length: settings.senders }, (_, index) => ({
    kind: 'setup',
    runId: plan.runId,
    settings,
    seed: settings.seed,
    scenario: plan.scenarioModule,
    trace: plan.trace,
    durationMs: plan.durationMs,
    ratePerS: plan.ratePerS,
    senders: { index, count: settings.senders },
    targets,
    routes: plan.routes.map(({ path, provider, signing: secret, bodies }) => ({ path, provider, secret, bodies })),
    journalPath: journalPath(folder, index),
    latenessMaxMs: LATENESS_MAX_MS,
  }))
}

interface WarmUpOptions {
  readonly folder: string
  readonly events: RunEvents
  readonly durationMs?: number | undefined
}

/** Events of another id, which nobody counts: code gets compiled, connections and files get opened. */
export async function warmUp(
  senders: Senders,
  setup: SenderSetup,
  { folder, events, durationMs = WARM_UP_MS }: WarmUpOptions,
): Promise<void> {
  events.phase('warm-up')
  const path = join(folder, 'warm-up.bin')
  const less = { durationMs, ratePerS: Math.min(setup.ratePerS, WARM_UP_PER_S_MAX), journalPath: path }
  const other = {
    runId: warmUpIdOf(setup.runId),
    seed: setup.seed ^ 1,
    senders: { index: 0, count: 1 },
    warmUp: true,
  } as const
  await senders.send([{ ...setup, ...less, ...other }], {})
  rmSync(path, { force: true })
}
