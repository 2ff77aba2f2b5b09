import { basename, join } from 'node:path'
import { unlessInterrupted } from '../../core/base/kit/unless-interrupted.ts'
import { type Bench, openBench } from '../ceiling/bench.ts'
import { findCeiling } from '../ceiling/find-ceiling.ts'
import { TrialsFile } from '../ceiling/trials-file.ts'
import { planOf } from '../plan/plan-run.ts'
import { type RunSettings, recorded } from '../plan/settings.ts'
import type { RunEvents } from '../records/run-events.ts'
import { newRunFolder } from '../records/run-folder.ts'
import { environmentNow } from '../run/compose-record.ts'
import { isKnownWell } from '../search/answer.ts'
import { GOAL, type SearchAnswer } from '../search/search.ts'
import { SCALING_VERSION, type Scaling } from './scaling-schema.ts'
import { fitUsl, uslAt } from './usl.ts'

type MeasuredPoint = Omit<Scaling['points'][number], 'byLawPerS'>

interface ScalingOptions {
  readonly settings: RunSettings
  readonly counts: readonly number[]
  readonly folder: string
  readonly trialMs: number
  /** The budget of each count. */
  readonly budgetMs: number
  readonly ratePerSMax: number
  readonly interrupt: AbortSignal
  readonly events: RunEvents
  onPoint(point: MeasuredPoint): void
  /** Default: processes and servers of this machine. */
  open?: typeof openBench
}

interface MeasuredScaling {
  readonly scaling: Scaling
  /** Why it ended before the last count; undefined: it did not, or it was interrupted. */
  readonly failure: unknown
}

/** Searches the ceiling with each count of processes, and fits the law. What was measured stays, whatever ends it. */
export async function measureScaling(options: ScalingOptions): Promise<MeasuredScaling> {
  const startedAt = new Date().toISOString()
  const points: MeasuredPoint[] = []
  let failure: unknown
  // The most first: what a queue or a machine cannot do is said at once.
  for (const processes of options.counts.toSorted((a, b) => b - a)) {
    if (options.interrupt.aborted) break
    const point = await unlessInterrupted(options.interrupt, searched(options, processes)).catch((error: unknown) => {
      failure = error
    })
    if (!point) break
    points.push(point)
    options.onPoint(point)
  }
  points.sort((a, b) => a.processes - b.processes)
  const about = { settings: recorded(options.settings), startedAt, environment: environmentNow() }
  return { scaling: { ...scalingOf(points), ...about }, failure }
}

/** The law from what was measured. */
export function scalingOf(
  points: readonly MeasuredPoint[],
): Pick<Scaling, 'version' | 'points' | 'usl' | 'refused' | 'nearest'> {
  const known = points.flatMap(({ processes, interval }) => (interval ? [{ processes, perS: interval.mid }] : []))
  const fitted = fitUsl(known)
  const usl = 'usl' in fitted ? { ...fitted.usl } : null
  return {
    version: SCALING_VERSION,
    points: points.map((point) => ({ ...point, byLawPerS: usl ? uslAt(usl, point.processes) : null })),
    usl,
    refused: 'refused' in fitted ? fitted.refused : null,
    nearest: 'refused' in fitted ? fitted.nearest : null,
  }
}

/** Why what was found is no point of a curve; null: it is one. */
function whyNot(found: SearchAnswer): MeasuredPoint['why'] {
  const { kind, interval } = found
  if (kind !== 'found' && kind !== 'budget-over') return kind
  if (interval === null) return 'budget-over'
  return isKnownWell(found) ? null : 'too-wide'
}

async function searched(
  { settings: common, folder, trialMs, budgetMs, ratePerSMax, interrupt, events, open = openBench }: ScalingOptions,
  processes: number,
): Promise<MeasuredPoint> {
  const beganMs = performance.now()
  const settings = { ...common, processes }
  const { acceptP99Ms } = (await planOf(settings)).scenario.passes
  const own = newRunFolder(join(folder, `processes-${processes}`))
  const file = TrialsFile.begin(own.path, settings, trialMs)
  let bench: Bench | undefined
  try {
    bench = await open({ settings, folder: own.path, events, interrupt })
    const { found } = await findCeiling({
      ...{ bench, settings, acceptP99Ms, file, trialMs, budgetMs, interrupt },
      // Servers that start are a part of what a person waits for.
      spentMs: performance.now() - beganMs,
      // A point of a curve is not published as a load that holds.
      goal: { ...GOAL, ratePerSMax, soaks: false },
      onTrial: () => {},
    })
    const tookMs = Math.round(performance.now() - beganMs)
    const why = interrupt.aborted ? 'interrupted' : whyNot(found)
    return { processes, interval: why === null ? found.interval : null, why, folder: basename(own.path), tookMs }
  } finally {
    await bench?.stop()
    file.close()
  }
}
