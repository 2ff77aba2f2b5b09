import { FloodmarkError } from '../../core/contracts/errors.ts'
import { Attackers } from '../load/attackers.ts'
import type { SenderSetup } from '../load/sender/sender-messages.ts'
import { Senders } from '../load/senders.ts'
import { BesideWatch } from '../machine/beside.ts'
import { MachineWatch } from '../machine/watch.ts'
import type { Plan } from '../plan/plan-run.ts'
import { readBuried, readEffects } from '../records/effects-file.ts'
import { beginPlan } from '../records/plan-file.ts'
import type { RunEvents } from '../records/run-events.ts'
import { dataPath, reserveRoom } from '../records/run-folder.ts'
import { buriedPath, effectsPath, type RunRecord, writeRecord } from '../records/run-record.ts'
import { settledOf } from '../records/settled.ts'
import { lookMsOf, runLimits } from '../testbed/run-limits.ts'
import { Site, type SiteOptions } from '../testbed/testbed.ts'
import { victimsOf } from '../testbed/victims.ts'
import { recordOf } from './compose-record.ts'
import { DeadLetterReplays } from './dead-letter-replays.ts'
import { drain } from './drain.ts'
import { FaultInjector } from './fault-injector.ts'
import { plannedUntilMs, sendPlan, setupsOf, type WarmUp, warmUp } from './sending.ts'

interface RunOptions extends SiteOptions {
  /**
   * Whether the ledger is watched after the last effect until nothing could come again. A report says when it was not: then it
   * does not know of what a lease would have brought back.
   */
  readonly watches?: boolean
  /** How long the ledger is waited for. Default: as long as the scenario's pass mark says. */
  readonly drainMs?: number | undefined
  /** Before the first event, so that its code is compiled by then. Default: 2 s at no more than 500/s. */
  readonly warmUpLoad?: WarmUp
}

/** Runs a scenario and leaves its raw records in the folder, which is this run's alone; the report is made from them. */
export async function run(
  plan: Plan,
  folder: string,
  events: RunEvents,
  interrupt: AbortSignal,
  { watches = true, metered = false, intervention, plant, sharedServers, warmUpLoad, ...others }: RunOptions = {},
): Promise<RunRecord> {
  const site = new Site(plan, dataPath(folder), { metered, intervention, plant, sharedServers })
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
    await warmUp(traffic.senders, setups[0]!, { folder, events, load: warmUpLoad })
    await attackers.prepare(plan, setups[0]!.destinations)
    if (interrupt.aborted) throw new FloodmarkError('unavailable', 'interrupted before the first event was sent')
    const sent = await send(plan, site, setups, { ...traffic, attackers, watch, beside }, folder, events)
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
    events.settled?.(settledOf(readEffects(effectsPath(folder)), readBuried(buriedPath(folder))))
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
      plant,
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

interface Traffic {
  readonly faults: FaultInjector
  readonly replays: DeadLetterReplays
  readonly senders: Senders
  readonly attackers: Attackers
  readonly watch: MachineWatch
  readonly beside: BesideWatch
}

/** Sends all of it, with everything that the scenario plans beside. Resolves when the last attempt has ended. */
async function send(
  plan: Plan,
  site: Site,
  setups: readonly SenderSetup[],
  { faults, replays, senders, attackers, watch, beside }: Traffic,
  folder: string,
  events: RunEvents,
) {
  const { scenario, durationMs } = plan
  const victims = victimsOf(site)
  for (const { strikes } of scenario.faults) victims(strikes)
  const servers = () => site.stores.servers.map(({ kind, pids }) => ({ kind, pids: pids() }))
  const serverKinds = servers().map(({ kind, pids }) => ({ kind, isHere: pids.length > 0 }))
  const onStart = (atMs: number, atEpochMs: number) => {
    site.providerApi?.begin(atMs, atEpochMs)
    faults.schedule(scenario.faults, durationMs, atMs, victims)
    replays.schedule(scenario.replays ?? [], site.stack, durationMs, atMs)
    attackers.begin(atMs)
    const pids = () => servers().flatMap((server) => server.pids)
    watch.begin(atMs, () => ({ sender: senders.pids, stack: site.stack.pids, server: pids() }))
    beside.begin(atMs, { pids, counts: () => site.stores.readCounts() })
  }
  const sent = await sendPlan(plan, senders, setups, { folder, events, onStart })
  return { ...sent, machine: await watch.sent(), besideSamples: await beside.end(), serverKinds }
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
