import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ownFile } from '../../core/base/kit/own-file.ts'
import { planOf } from '../plan/plan-run.ts'
import type { RunSettings } from '../plan/settings.ts'
import { attempts } from '../records/attempts.ts'
import type { Plant } from '../records/intervention.ts'
import { readRun } from '../records/read-record.ts'
import type { RunEvents } from '../records/run-events.ts'
import type { RunFolder } from '../records/run-folder.ts'
import { Latencies } from '../report/latency/latencies.ts'
import type { Report } from '../report/report-schema.ts'
import { machineUse, shownIn } from '../report/shown.ts'
import { summarise } from '../report/summarise.ts'
import { besideOf, senderUsagesOf, usagesOf } from '../report/usage.ts'
import { play } from '../run/play.ts'
import type { WarmUp } from '../run/sending.ts'
import { HOLD_FROM } from '../search/backlog.ts'
import type { TrialRecord } from '../search/ceiling-schema.ts'
import { drainPerS } from '../search/drain.ts'
import { judge, outcomeOf } from '../search/judge.ts'
import { WARM_UP_MS } from '../search/time-plan.ts'
import type { PlannedTrial } from '../search/trial.ts'
import type { SharedServers } from '../servers/server.ts'

const TRIAL_SCENARIO = fileURLToPath(ownFile('./trial-scenario', import.meta.url))

/**
 * Its first events, up to 20,000 or so, cost a new process twice as much: it compiles its code and collects its first garbage. A trial
 * that began with them would be judged by that. So they come before it, at half its load. What offers far too much has few of them:
 * they would leave a backlog, which a slow stack would work off in place of the trial's own events.
 */
export function warmUpOf({
  purpose,
  ratePerS,
  durationMs,
}: Pick<PlannedTrial, 'purpose' | 'ratePerS' | 'durationMs'>): WarmUp {
  if (purpose === 'saturation') return { durationMs: 500, ratePerSMax: 500 }
  return { durationMs: Math.min(WARM_UP_MS, durationMs), ratePerSMax: Math.min(4_000, ratePerS / 2) }
}

export interface TrialSetup extends PlannedTrial {
  readonly settings: RunSettings
  readonly plant?: Plant | undefined
  readonly folder: RunFolder
  readonly sharedServers: SharedServers
  readonly events: RunEvents
  readonly interrupt: AbortSignal
}

/** A run of its own at one load: everything is started, measured, audited and ended as in any run. */
export async function runTrial(setup: TrialSetup): Promise<TrialRecord> {
  const { purpose, ratePerS, durationMs, folder, sharedServers, intervention, plant, events, interrupt } = setup
  const beganMs = performance.now()
  // The leases of a quick run are shorter, and what they could bring back is watched for in the load that is published.
  const soaks = purpose === 'soak'
  const plan = await planOf({ ...setup.settings, scenario: TRIAL_SCENARIO, ratePerS, durationMs, quick: true })
  const record = await play(plan, folder.path, events, interrupt, {
    warmUpLoad: warmUpOf(setup),
    ...{ watches: soaks, metered: true, sharedServers, intervention, plant },
    // Nothing takes effect then: there is nothing to wait for.
    drainMs: intervention?.what === 'answer-only' ? 0 : undefined,
  })
  const report = await summarise(folder.path, record)
  const held = heldOf(folder.path, record.certificates.length, durationMs)
  const judgement = judge(report, {
    soaks,
    sampleP99Ms: held.sampleQuantileMs(0.99) ?? null,
    aboveMark: held.above(plan.acceptP99Ms),
  })
  return {
    purpose,
    ...(intervention && { intervention }),
    ratePerS,
    ...outcomeOf(judgement),
    ...judgement,
    drainPerS: drainPerS(
      // A target may tell of none, or not when.
      Array.from(readRun(folder.path, record).effects(), ({ atMs }) => atMs).filter((atMs) => !Number.isNaN(atMs)),
      report.tookMs.sending,
    ),
    repeatsPerEvent: repeatsOf(report),
    cpuPer1000: cpuOf(report),
    usages: usagesOf(record, HOLD_FROM * durationMs, durationMs),
    senders: senderUsagesOf(record, HOLD_FROM * durationMs, durationMs),
    cores: record.machine?.cores.stack?.length ?? null,
    beside: besideOf(record, HOLD_FROM * durationMs, durationMs),
    durability: report.durability ? { queue: shownIn(report, 'queue'), ledger: shownIn(report, 'ledger') } : null,
    machine: machineUse(report),
    startedAt: report.startedAt,
    tookMs: Math.round(performance.now() - beganMs),
    folder: basename(folder.path),
  }
}

/** What accepted first attempts took while the load was held. */
function heldOf(folder: string, senders: number, durationMs: number): Latencies {
  const held = new Latencies()
  for (const { outcome, attempt, intendedMs, doneMs } of attempts(folder, senders, Number.POSITIVE_INFINITY)) {
    const isHeld = outcome === 'accepted' && attempt === 1 && intendedMs >= HOLD_FROM * durationMs
    if (isHeld) held.record(intendedMs, doneMs - intendedMs)
  }
  return held
}

function repeatsOf({ timeline: { points, stepMs }, audit: { planned, duplicatesAbsorbed } }: Report): number {
  const retries = points.reduce((sum, point) => sum + (point.retries * stepMs) / 1_000, 0)
  return (Math.round(retries) + duplicatesAbsorbed) / Math.max(1, planned)
}

function cpuOf({ processes, audit }: Report): TrialRecord['cpuPer1000'] {
  const thousands = Math.max(1, audit.planned) / 1_000
  return Object.fromEntries(processes.map(({ name, cpuSeconds }) => [name, cpuSeconds / thousands]))
}
