import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type RunSettings, recorded } from '../plan/settings.ts'
import type { RunEvents } from '../records/run-events.ts'
import { dataPath, newRunFolder } from '../records/run-folder.ts'
import { environmentNow } from '../run/compose-record.ts'
import { answerOf } from '../search/answer.ts'
import { CEILING_VERSION, type Ceiling, type TrialRecord } from '../search/ceiling-schema.ts'
import { type Goal, type SearchAnswer, stepAfter } from '../search/search.ts'
import { runTrial } from './run-trial.ts'
import { standServers } from './servers.ts'
import type { TrialsFile } from './trials-file.ts'

/** A soak lasts so many times as long as a trial. */
const SOAK_FACTOR = 5

export interface CeilingOptions {
  readonly settings: RunSettings
  /** The pass mark, for the answer; each trial's plan has it too. */
  readonly acceptP99Ms: number
  readonly folder: string
  readonly file: TrialsFile
  readonly goal: Goal
  readonly trialMs: number
  /** No trial begins after this, ms since the start. */
  readonly budgetMs: number
  readonly interrupt: AbortSignal
  /** Told of each trial's run while it goes on. */
  readonly events: RunEvents
  /** Told of each trial that counts or is invalid, and how long the search has lasted. */
  onTrial(trial: TrialRecord, elapsedMs: number): void
}

/** Runs trial after trial until the search has its answer. */
export async function findCeiling(options: CeilingOptions): Promise<Ceiling> {
  const { acceptP99Ms, file, folder, goal, trialMs, budgetMs, events, interrupt } = options
  const beganMs = performance.now()
  const startedAt = new Date().toISOString()
  const servers = await standServers(options.settings, {
    folder: dataPath(folder),
    signal: interrupt,
    onProgress: (line) => events.phase('servers', line),
  })
  let found: SearchAnswer
  try {
    for (;;) {
      const elapsedMs = performance.now() - beganMs
      const step = stepAfter(file.trials, goal, interrupt.aborted || elapsedMs > budgetMs)
      if (step.next === 'nothing') {
        found = step.found
        break
      }
      const { next: purpose, ratePerS } = step
      const name = `trial-${String(file.trials.length + 1).padStart(2, '0')}`
      const trial = await runTrial({
        purpose,
        ratePerS,
        durationMs: purpose === 'soak' ? trialMs * SOAK_FACTOR : trialMs,
        settings: servers.settings,
        folder: newRunFolder(join(folder, name)),
        name,
        events,
        interrupt,
      })
      // What was cut short says nothing.
      if (interrupt.aborted) continue
      file.add(trial)
      options.onTrial(trial, performance.now() - beganMs)
    }
  } finally {
    await servers.stop()
    rmSync(dataPath(folder), { recursive: true, force: true })
  }
  return {
    version: CEILING_VERSION,
    settings: recorded(options.settings),
    acceptP99Ms,
    trialMs,
    startedAt,
    tookMs: Math.round(performance.now() - beganMs),
    interrupted: interrupt.aborted,
    found,
    ...answerOf(file.trials),
    environment: environmentNow(),
    trials: file.trials,
  }
}
