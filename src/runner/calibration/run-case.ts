import { join } from 'node:path'
import { openBench } from '../ceiling/bench.ts'
import { findCeiling } from '../ceiling/find-ceiling.ts'
import { TrialsFile } from '../ceiling/trials-file.ts'
import { planOf } from '../plan/plan-run.ts'
import { type RunConfig, settingsOf } from '../plan/settings.ts'
import type { RunEvents } from '../records/run-events.ts'
import { newRunFolder } from '../records/run-folder.ts'
import { summarise } from '../report/summarise.ts'
import { play } from '../run/play.ts'
import type { RateInterval } from '../search/belief.ts'
import { GOAL } from '../search/search.ts'
import { type CalibrationCase, isRight, PLANTED, truthOf } from './cases.ts'
import { startKnown } from './known-server.ts'

/** What was measured, and what is known. Of a p99 ms, of what was planted events, of a ceiling events a second. */
export interface Calibrated {
  readonly truth: number
  /** null: the run was INVALID, or too short to say. */
  readonly found: number | null
  /** Of a ceiling, with 90%. */
  readonly interval?: RateInterval | null
  readonly isRight: boolean | null
}

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
type Searched = Extract<CalibrationCase, { measures: 'ceiling' }>

async function played(one: Played, target: string, { folder, events, interrupt }: CaseOptions): Promise<Calibrated> {
  const { ratePerS: rate, durationMs } = one.measures === 'p99' ? one : PLANTED
  const effects: RunConfig = one.measures === 'planted' ? { effects: target } : {}
  const given: RunConfig = { ...SENT_BY, target, ...effects, rate, duration: `${durationMs}ms`, p99: '10s' }
  const plan = await planOf(settingsOf('steady', given).settings)
  // What was planted as lost never comes: patience is for what may still come.
  const { scenario } = plan
  const patient = { ...plan, scenario: { ...scenario, passes: { ...scenario.passes, drainMs: 2_000 } } }
  const own = newRunFolder(join(folder, `${one.measures}-${one.server.kind}`))
  const report = await summarise(own.path, await play(patient, own.path, events, interrupt, { watches: false }))
  const { audit, latency, checks } = report
  const isFit = checks.every(({ about, ok }) => about === 'stack' || ok !== false)
  const found = one.measures === 'planted' ? audit[one.wrong] : (latency.accepted.first.p99?.ms ?? null)
  return calibrated(one, truthOf(one, audit.planned), isFit || one.measures === 'planted' ? found : null)
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
    const { interval } = found
    return { ...calibrated(one, truthOf(one, 0), interval?.mid ?? null), interval }
  } finally {
    await bench.stop()
    file.close()
  }
}

function calibrated(one: CalibrationCase, truth: number, found: number | null): Calibrated {
  return { truth, found, isRight: found === null ? null : isRight(one, found, truth) }
}
