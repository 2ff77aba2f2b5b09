import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { resendersOf, resendRecordsOf } from '../load/resends.ts'
import type { Destination } from '../load/sender/connection.ts'
import type { SenderSetup } from '../load/sender/sender-messages.ts'
import type { Senders } from '../load/senders.ts'
import { warmUpIdOf } from '../plan/identity.ts'
import type { Plan } from '../plan/plan-run.ts'
import { epochAt } from '../processes/precise-now.ts'
import type { Progress } from '../records/facts.ts'
import type { RunEvents } from '../records/run-events.ts'
import { journalPath, type RunRecord } from '../records/run-record.ts'

const WARM_UP: WarmUp = { durationMs: 2_000, ratePerSMax: 500 }
const LATENESS_MAX_MS = 2_000

/** The setups of a run's senders. */
export function setupsOf(plan: Plan, destinations: readonly Destination[], folder: string): SenderSetup[] {
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
    destinations,
    routes: plan.routes.map(({ path, provider, signing: secret, bodies }) => ({ path, provider, secret, bodies })),
    journalPath: journalPath(folder, index),
    latenessMaxMs: LATENESS_MAX_MS,
  }))
}

/** What is sent before a run. */
export interface WarmUp {
  readonly durationMs: number
  /** A run that sends less is warmed up by its own rate. */
  readonly ratePerSMax: number
}

interface WarmUpOptions {
  readonly folder: string
  readonly events: RunEvents
  readonly load?: WarmUp | undefined
}

/** Events of another id, which nobody counts: code gets compiled, connections and files get opened. */
export async function warmUp(
  senders: Senders,
  setup: SenderSetup,
  { folder, events, load = WARM_UP }: WarmUpOptions,
): Promise<void> {
  events.phase('warm-up')
  const path = join(folder, 'warm-up.bin')
  const { durationMs, ratePerSMax } = load
  const less = { durationMs, ratePerS: Math.min(setup.ratePerS, ratePerSMax), journalPath: path }
  const other = {
    runId: warmUpIdOf(setup.runId),
    seed: setup.seed ^ 1,
    senders: { index: 0, count: 1 },
    warmUp: true,
  } as const
  await senders.send([{ ...setup, ...less, ...other }], {})
  rmSync(path, { force: true })
}

interface SendingOptions {
  readonly folder: string
  readonly events: RunEvents
  /** Told when sending begins: by the clock of the run, and by the wall clock. */
  onStart(atMs: number, atEpochMs: number): void
}

/** Sends all of a plan, and what is sent again beside. Resolves when the last attempt has ended. */
export async function sendPlan(
  { scenario }: Plan,
  senders: Senders,
  setups: readonly SenderSetup[],
  { folder, events, onStart }: SendingOptions,
) {
  const senderSamples = setups.map((): Progress[] => [])
  const resenders = resendersOf(scenario.replays ?? [], setups[0]!, folder)
  const all = [...setups, ...resenders]
  let startedAtEpochMs = Number.NaN
  const { startAtMs, certificates } = await senders.send(all, {
    onStart(atMs) {
      startedAtEpochMs = epochAt(atMs)
      onStart(atMs, startedAtEpochMs)
    },
    onProgress(sender, progress) {
      if (sender >= setups.length) return
      senderSamples[sender]!.push(progress)
      events.progress(sender, progress)
    },
  })
  return {
    ...{ startAtMs, startedAtEpochMs, senderSamples },
    journals: all.map((one) => one.journalPath),
    certificates: certificates.slice(0, setups.length),
    resends: resendRecordsOf(resenders, certificates.slice(setups.length)),
  }
}

/** Events that are due later belong to no report: where a run was cut short, nobody would have sent them. */
export function plannedUntilMs(certificates: RunRecord['certificates'], interrupted: boolean): number {
  const isCut = interrupted || certificates.some(({ gaveUp }) => gaveUp)
  return isCut ? Math.max(...certificates.map(({ endedAtMs }) => endedAtMs)) : Number.POSITIVE_INFINITY
}
