import { join } from 'node:path'
import { openBench } from '../ceiling/bench.ts'
import { findCeiling } from '../ceiling/find-ceiling.ts'
import { TrialsFile } from '../ceiling/trials-file.ts'
import { planOf } from '../plan/plan-run.ts'
import { type RunConfig, settingsOf } from '../plan/settings.ts'
import type { RunEvents } from '../records/run-events.ts'
import { newRunFolder } from '../records/run-folder.ts'
import type { Check } from '../report/check.ts'
import type { Report } from '../report/report-schema.ts'
import { summarise } from '../report/summarise.ts'
import { play } from '../run/play.ts'
import type { RateInterval } from '../search/belief.ts'
import { type AnswerKind, GOAL, type SearchAnswer } from '../search/search.ts'
import { type CalibrationCase, isRight, longerFor, PLANTED, truthOf } from './cases.ts'
import { startKnown } from './known-server.ts'

/** What was measured, and what is known. Of a p99 ms, of what was planted events, of a ceiling events a second. */
export interface Calibrated {
  readonly truth: number
  /** null: see `why`. */
  readonly found: number | null
  /** Why nothing was found: what the run did not show, or how the search ended. Absent where something was. */
  readonly why?: Check | NoCeiling | undefined
  /** Of a ceiling, with 90%. */
  readonly interval?: RateInterval | null
  readonly isRight: boolean | null
}

/** How a search ends that has no ceiling to judge. */
export type NoCeiling = Exclude<AnswerKind, 'found' | 'below-lowest'>

interface CaseOptions {
  /** New files go below it. */
  readonly folder: string
  readonly events: RunEvents
  readonly interrupt: AbortSignal
}

const TRIAL_MS = 4_000
const BUDGET_MS = 300_000
const RATE_MAX = 10_000
const SENT_BY = { provider: 'generic' } as const

/** Measures one server as any other target is measured. */
export async function runCase(one: CalibrationCase, options: CaseOptions): Promise<Calibrated> {
  const standing = await startKnown(one.server)
  try {
    if (one.measures === 'ceiling') return await searched(one, standing.address, options)
    return await played(one, standing.address, options)
  } finally {
    await standing.stop()
  }
}

type Played = Exclude<CalibrationCase, { measures: 'ceiling' }>
type OfP99 = Extract<CalibrationCase, { measures: 'p99' }>
type Searched = Extract<CalibrationCase, { measures: 'ceiling' }>

async function played(one: Played, target: string, options: CaseOptions): Promise<Calibrated> {
  if (one.measures === 'planted') {
    const { audit } = await playedFor(one, PLANTED, target, options)
    return calibrated(one, truthOf(one, audit.planned), audit[one.wrong])
  }
  const report = await longEnough(one, target, options)
  const { first } = report.latency.accepted
  const unfit = report.checks.find(({ about, ok }) => about !== 'stack' && ok === false)
  const found = unfit ? null : (first.p99?.ms ?? null)
  const why = found === null ? (unfit ?? report.checks.find(({ id }) => id === 'accept-p99')) : undefined
  return { ...calibrated(one, truthOf(one, report.audit.planned), found), why }
}

async function longEnough(one: OfP99, target: string, options: CaseOptions): Promise<Report> {
  for (let durationMs = one.durationMs; ; ) {
    const report = await playedFor(one, { ratePerS: one.ratePerS, durationMs }, target, options)
    const longerMs = longerFor(report.latency.accepted.first, durationMs)
    if (longerMs === undefined || options.interrupt.aborted) return report
    durationMs = longerMs
  }
}

async function playedFor(
  one: Played,
  { ratePerS: rate, durationMs }: { readonly ratePerS: number; readonly durationMs: number },
  target: string,
  { folder, events, interrupt }: CaseOptions,
): Promise<Report> {
  const effects: RunConfig = one.measures === 'planted' ? { effects: target } : {}
  const given: RunConfig = { ...SENT_BY, target, ...effects, rate, duration: `${durationMs}ms`, p99: '10s' }
  const plan = await planOf(settingsOf('steady', given).settings)
  // What was planted as lost never comes: patience is for what may still come.
  const { scenario } = plan
  const patient = { ...plan, scenario: { ...scenario, passes: { ...scenario.passes, drainMs: 2_000 } } }
  const own = newRunFolder(join(folder, `${one.measures}-${one.server.kind}`))
  return await summarise(own.path, await play(patient, own.path, events, interrupt, { watches: false }))
}

async function searched(
  one: Searched,
  target: string,
  { folder, events, interrupt }: CaseOptions,
): Promise<Calibrated> {
  const given: RunConfig = { ...SENT_BY, target, ...(one.effects && { effects: target }), p99: `${one.p99Ms}ms` }
  const { settings } = settingsOf('steady', given)
  const own = newRunFolder(join(folder, `ceiling-${one.server.kind}`))
  const file = TrialsFile.begin(own.path, settings, TRIAL_MS)
  const bench = await openBench({ settings, folder: own.path, events, interrupt })
  try {
    const { found } = await findCeiling({
      ...{ bench, settings, acceptP99Ms: one.p99Ms, file, trialMs: TRIAL_MS, budgetMs: BUDGET_MS, interrupt },
      goal: { ...GOAL, ratePerSMax: RATE_MAX },
      onTrial: () => {},
    })
    return { ...ceilingOf(one, found), interval: found.interval }
  } finally {
    await bench.stop()
    file.close()
  }
}

/**
 * A search that time, the sender or the machine ended has no ceiling to judge, however narrow its interval: the kit was not wrong then.
 * One that found it, or that found it to be below every load, has.
 */
export function ceilingOf(one: CalibrationCase, { kind, interval }: SearchAnswer): Omit<Calibrated, 'interval'> {
  const truth = truthOf(one, 0)
  if (kind !== 'found' && kind !== 'below-lowest') return { ...calibrated(one, truth, null), why: kind }
  return calibrated(one, truth, interval?.mid ?? null)
}

function calibrated(one: CalibrationCase, truth: number, found: number | null): Calibrated {
  return { truth, found, isRight: found === null ? null : isRight(one, found, truth) }
}
