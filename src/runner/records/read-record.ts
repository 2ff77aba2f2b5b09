import { countArrivals, type Load } from '../plan/arrivals.ts'
import { expectedWithDrift } from '../plan/drift-plan.ts'
import { type Expected, expectation } from '../plan/identity.ts'
import { plannedScenario } from '../plan/planned-scenario.ts'
import { loadScenario } from '../scenario/schema.ts'
import { attempts } from './attempts.ts'
import { type Buried, type EffectRecord, readBuried, readEffects } from './effects-file.ts'
import type { Attempt } from './journal.ts'
import { buriedPath, effectsPath, type RunRecord } from './run-record.ts'

/** A run's raw records, and its plan made again: all that a report is made from. */
export interface ReadRun {
  readonly folder: string
  readonly record: RunRecord
  readonly scenario: Awaited<ReturnType<typeof loadScenario>>
  readonly load: Load & { readonly scenario: ReadRun['scenario'] }
  /** Interrupted, or given up by a sender. */
  readonly cutShort: boolean
  /** When the last sender ended, ms since the start. */
  readonly endedAtMs: number
  /** Arrivals until then. */
  readonly planned: number
  readonly expected: (seq: number) => Expected
  readonly buried: readonly Buried[]
  /** Read anew by every call. */
  attempts(): Iterable<Readonly<Attempt>>
  effects(): Iterable<EffectRecord>
}

export async function readRun(folder: string, record: RunRecord): Promise<ReadRun> {
  const scenario = plannedScenario(await loadScenario(record.scenario, record.scenario), record)
  const { settings, setup, certificates } = record
  const { durationMs, ratePerS } = setup
  const { seed } = settings
  const load = { scenario, durationMs, ratePerS, seed }
  const ends = certificates.map((one) => one.endedAtMs)
  const cutShort = record.interrupted || certificates.some((one) => one.gaveUp)
  const planned = countArrivals(load, cutShort ? Math.min(...ends) : durationMs)
  return {
    folder,
    record,
    scenario,
    load,
    cutShort,
    endedAtMs: Math.max(...ends),
    planned,
    expected: expectedWithDrift(load, expectation(seed, scenario)),
    buried: readBuried(buriedPath(folder)),
    attempts: () => attempts(folder, certificates.length, planned),
    effects: () => readEffects(effectsPath(folder)),
  }
}
