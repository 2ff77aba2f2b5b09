import { rmSync } from 'node:fs'
import { shownUrl } from '../../core/base/kit/address.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { Senders } from '../load/senders.ts'
import { MachineWatch } from '../machine/watch.ts'
import type { Plan } from '../plan/plan-run.ts'
import { runAgain } from '../plan/run-again.ts'
import { recorded } from '../plan/settings.ts'
import { beginPlan } from '../records/plan-file.ts'
import { resendMarks } from '../records/resends.ts'
import type { RunEvents } from '../records/run-events.ts'
import { dataPath, reserveRoom } from '../records/run-folder.ts'
import { type RunRecord, writeRecord } from '../records/run-record.ts'
import { openFeed } from '../target/feed.ts'
import { reach } from '../target/reach.ts'
import { environmentNow } from './compose-record.ts'
import { type Followed, follow, LOOK_MS } from './follow-target.ts'
import { plannedUntilMs, sendPlan, setupsOf, type WarmUp, warmUp } from './sending.ts'

/**
 * Sends a scenario to a server that is not ours, and leaves the same records as any run, so far as they can be known from outside.
 * Where the target tells of its effects, they are followed like our own.
 */
export async function runTarget(
  plan: Plan,
  folder: string,
  events: RunEvents,
  interrupt: AbortSignal,
  { watches = true, warmUpLoad }: { readonly watches?: boolean; readonly warmUpLoad?: WarmUp } = {},
): Promise<RunRecord> {
  const { settings, runId } = plan
  // Whoever thinks again after the notice has sent nothing.
  refuseInterrupted(interrupt)
  const feed = settings.effects === undefined ? undefined : openFeed(settings.effects, runId)
  const senders = new Senders(interrupt)
  const watch = new MachineWatch()
  try {
    const giveBackRoom = reserveRoom(folder, (plan.ratePerS * plan.durationMs) / 1_000, 'report')
    events.phase('plan')
    const written = await beginPlan(plan, folder)
    const setups = setupsOf(plan, [await reach(plan.target!, shownUrl(settings.target!))], folder)
    // What cannot be read now could not be read afterwards either.
    await feed?.lines()
    await warmUp(senders, setups[0]!, { folder, events, load: warmUpLoad })
    refuseInterrupted(interrupt)
    const sent = await send(plan, senders, watch, setups, folder, events)
    giveBackRoom()
    const isCut = () => interrupt.aborted || sent.certificates.some(({ journalFull }) => journalFull !== undefined)
    await written.finish(plannedUntilMs(sent.certificates, isCut()))
    const endedAtMs = Math.max(...sent.certificates.map((one) => one.endedAtMs))
    const lookMs = watches ? LOOK_MS[settings.quick ? 'quick' : 'whole'] : 0
    const followed = feed && (await follow({ feed, plan, folder, ...sent, lookMs, interrupt, events }))
    events.phase('audit')
    const machine = { ...sent.machine, afterSending: watch.afterSending() }
    const record = recordOf(
      plan,
      folder,
      // Also while its effects are waited for.
      isCut(),
      { ...sent, machine },
      followed ?? { drained: true, lookedUntilMs: endedAtMs },
    )
    writeRecord(folder, record)
    return record
  } finally {
    watch.stop()
    feed?.close()
    await senders.end()
    rmSync(dataPath(folder), { recursive: true, force: true })
  }
}

function refuseInterrupted(interrupt: AbortSignal): void {
  if (interrupt.aborted) throw new FloodmarkError('unavailable', 'interrupted before the first event was sent')
}

type Setups = ReturnType<typeof setupsOf>

async function send(
  plan: Plan,
  senders: Senders,
  watch: MachineWatch,
  setups: Setups,
  folder: string,
  events: RunEvents,
) {
  const onStart = (atMs: number) => watch.begin(atMs, () => ({ sender: senders.pids, stack: [], server: [] }))
  const sent = await sendPlan(plan, senders, setups, { folder, events, onStart })
  return { ...sent, machine: await watch.sent() }
}

function recordOf(
  plan: Plan,
  folder: string,
  interrupted: boolean,
  { certificates, machine, senderSamples, resends, startedAtEpochMs }: Awaited<ReturnType<typeof send>>,
  { drained, lookedUntilMs, told, lookMs = 0 }: Partial<Followed> & Pick<Followed, 'drained' | 'lookedUntilMs'>,
): RunRecord {
  const { settings, ratePerS, rateChosen, durationMs, acceptP99Ms, runId } = plan
  const { effects } = settings
  return {
    id: folder.split('/').at(-1)!,
    runId,
    startedAtEpochMs,
    settings: recorded(settings),
    setup: { ratePerS, rateChosen, durationMs, acceptP99Ms, processes: 0, leaseMs: 0, lookMs },
    target: {
      address: shownUrl(settings.target!),
    },
    ...(effects !== undefined && told && { told: { from: shownUrl(effects), ...told } }),
    certificates,
    drained,
    lookedUntilMs,
    interrupted,
    faults: resendMarks(resends),
    machine,
    samples: { stack: [], senders: senderSamples },
    attacks: [],
    ...(resends.length > 0 && { resends }),
    unplannedDeaths: 0,
    servers: [],
    errors: [...certificates.flatMap(({ journalFull }) => journalFull ?? []), ...(told?.unread ? [told.unread] : [])],
    environment: environmentNow(),
    reproduce: runAgain(settings),
  }
}
