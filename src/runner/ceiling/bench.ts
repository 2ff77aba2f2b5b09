import { join } from 'node:path'
import { unlessInterrupted } from '../../core/base/kit/unless-interrupted.ts'
import type { RunSettings } from '../plan/settings.ts'
import type { Plant } from '../records/intervention.ts'
import type { RunEvents } from '../records/run-events.ts'
import { dataPath, newRunFolder } from '../records/run-folder.ts'
import type { TrialRecord } from '../search/ceiling-schema.ts'
import type { PlannedTrial } from '../search/trial.ts'
import { runTrial } from './run-trial.ts'
import { standServers } from './servers.ts'

/** Where loads are tried. */
export interface Bench {
  try(trial: PlannedTrial): Promise<TrialRecord>
  stop(): Promise<void>
}

export interface BenchOptions {
  readonly settings: RunSettings
  /** Stands in the stack on purpose. */
  readonly plant?: Plant
  /** The folder of the search. */
  readonly folder: string
  /** Told of each trial's run while it goes on. */
  readonly events: RunEvents
  readonly interrupt: AbortSignal
}

/** A stack of ours: its servers stand for all trials, everything else is started anew for each. @throws as `provide`. */
export async function openBench({ settings: wanted, plant, folder, events, interrupt }: BenchOptions): Promise<Bench> {
  const { settings, sharedServers, stop } = await standServers(wanted, {
    folder: dataPath(folder),
    signal: interrupt,
    onProgress: (line) => events.phase('servers', line),
  })
  return {
    try: (trial) =>
      runTrial({
        ...{ ...trial, settings, plant, sharedServers, events, interrupt },
        folder: newRunFolder(join(folder, trial.name)),
      }),
    stop,
  }
}

/**
 * Makes a search's next trial, which has the number as its name. undefined: it was cut short, and so it says nothing, also where it
 * had sent nothing yet. @throws as the bench.
 */
export async function tryNext(
  bench: Bench,
  number: number,
  trial: Omit<PlannedTrial, 'name'>,
  interrupt: AbortSignal,
): Promise<TrialRecord | undefined> {
  const name = `trial-${String(number).padStart(2, '0')}`
  const made = await unlessInterrupted(interrupt, bench.try({ ...trial, name }))
  return made && !interrupt.aborted ? made : undefined
}
