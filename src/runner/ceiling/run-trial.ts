import { fileURLToPath } from 'node:url'
import { planOf } from '../plan/plan-run.ts'
import type { RunSettings } from '../plan/settings.ts'
import { type ReadRun, readRun } from '../records/read-record.ts'
import type { RunEvents } from '../records/run-events.ts'
import type { RunFolder } from '../records/run-folder.ts'
import type { Report } from '../report/report-schema.ts'
import { summarise } from '../report/summarise.ts'
import { run } from '../run/run.ts'
import type { TrialRecord } from '../search/ceiling-schema.ts'
import { HOLD_FROM, judge } from '../search/judge.ts'
import type { Purpose } from '../search/trial.ts'

const TRIAL_SCENARIO = fileURLToPath(new URL('./trial-scenario.ts', import.meta.url))

export interface TrialSetup {
  readonly purpose: Purpose
  readonly ratePerS: number
  readonly durationMs: number
  readonly settings: RunSettings
  readonly folder: RunFolder
  /** The folder's name in trials.jsonl. */
  readonly name: string
  readonly events: RunEvents
  readonly interrupt: AbortSignal
}

/** A run of its own at one load: everything is started, measured, audited and ended as in any run. */
export async function runTrial(setup: TrialSetup): Promise<TrialRecord> {
  const { purpose, ratePerS, durationMs, folder, name, events, interrupt } = setup
  const beganMs = performance.now()
  // The leases of a quick run are shorter, and what they could bring back is watched for in the load that is published.
  const soaks = purpose === 'soak'
  const plan = await planOf({ ...setup.settings, scenario: TRIAL_SCENARIO, ratePerS, durationMs, quick: true })
  const record = await run(plan, folder.path, events, interrupt, { watches: soaks })
  const report = await summarise(folder.path, record)
  return {
    purpose,
    ratePerS,
    ...judge(report, { soaks, sampleP99Ms: sampleP99Ms(readRun(folder.path, record), durationMs) }),
    cpuPer1000: cpuOf(report),
    startedAt: report.startedAt,
    tookMs: Math.round(performance.now() - beganMs),
    folder: name,
  }
}

/** The p99 of accepted first attempts while the load was held, as it came out. */
function sampleP99Ms({ attempts }: ReadRun, durationMs: number): number | null {
  const tookMs: number[] = []
  for (const { outcome, attempt, intendedMs, doneMs } of attempts()) {
    const isHeld = outcome === 'accepted' && attempt === 1 && intendedMs >= HOLD_FROM * durationMs
    if (isHeld) tookMs.push(doneMs - intendedMs)
  }
  tookMs.sort((a, b) => a - b)
  return tookMs[Math.ceil(tookMs.length * 0.99) - 1] ?? null
}

function cpuOf({ processes, audit }: Report): TrialRecord['cpuPer1000'] {
  const thousands = Math.max(1, audit.planned) / 1_000
  return Object.fromEntries(processes.map(({ name, cpuSeconds }) => [name, cpuSeconds / thousands]))
}
