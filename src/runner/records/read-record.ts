import type { Expected } from '../plan/identity.ts'
import type { RecordedPlan } from '../plan/recorded-plan.ts'
import { attempts } from './attempts.ts'
import { type Buried, type EffectRecord, readBuried, readEffects } from './effects-file.ts'
import type { Attempt } from './journal.ts'
import { type PlannedEvents, readPlan } from './plan-file.ts'
import { buriedPath, effectsPath, type RunRecord } from './run-record.ts'

/** A run's raw records with its plan: all that a report is made from. */
export interface ReadRun {
  readonly folder: string
  readonly record: RunRecord
  readonly plan: RecordedPlan
  readonly scenario: RecordedPlan['scenario']
  readonly events: PlannedEvents
  /** Interrupted, or given up by a sender. */
  readonly cutShort: boolean
  /** When the last sender ended, ms since the start. */
  readonly endedAtMs: number
  /** Arrivals until then. */
  readonly planned: number
  /** It is known what became of accepted events: by the ledger, or as the target told. */
  readonly followed: boolean
  readonly expected: (seq: number) => Expected
  readonly buried: readonly Buried[]
  /** Read anew by every call. */
  attempts(): Iterable<Readonly<Attempt>>
  effects(): Iterable<EffectRecord>
}

/** @throws FloodmarkError 'misuse' where the folder lacks a file, or another version of floodmark wrote it. */
export function readRun(folder: string, record: RunRecord): ReadRun {
  const { plan, events } = readPlan(folder)
  const { certificates } = record
  const ends = certificates.map((one) => one.endedAtMs)
  const cutShort = record.interrupted || certificates.some((one) => one.gaveUp)
  const followed = record.target === undefined || record.told !== undefined
  const planned = cutShort ? events.dueBefore(Math.min(...ends)) : events.length
  return {
    folder,
    record,
    plan,
    scenario: plan.scenario,
    events,
    cutShort,
    endedAtMs: Math.max(...ends),
    planned,
    followed,
    expected: (seq) => (seq < events.length && events.at(seq).doomed ? 'buried' : 'applied'),
    buried: followed ? readBuried(buriedPath(folder)) : [],
    attempts: () => attempts(folder, certificates.length, planned),
    effects: () => (followed ? readEffects(effectsPath(folder)) : []),
  }
}
