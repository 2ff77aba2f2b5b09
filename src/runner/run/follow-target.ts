import { setTimeout as wait } from 'node:timers/promises'
import { messageOf } from '../../core/contracts/errors.ts'
import type { Plan } from '../plan/plan-run.ts'
import { preciseNow } from '../processes/precise-now.ts'
import { writeBuried, writeEffects } from '../records/effects-file.ts'
import type { ToldRecord } from '../records/facts.ts'
import { readJournal } from '../records/journal.ts'
import { missing } from '../records/missing.ts'
import { readPlan } from '../records/plan-file.ts'
import type { RunEvents } from '../records/run-events.ts'
import { buriedPath, effectsPath } from '../records/run-record.ts'
import { settledOf } from '../records/settled.ts'
import type { Feed } from '../target/feed.ts'
import { toldOf } from '../target/told-effects.ts'

const EVERY_MS = 500
/** A look takes the target's time: it rests so many times as long as the last one took. */
const REST_FACTOR = 5
/** When all is there, it is looked on for so long: what comes twice must show. In a quick run less. */
export const LOOK_MS = { whole: 5_000, quick: 1_500 }

export interface Followed {
  readonly drained: boolean
  /** When it was last told anything, ms since the start. */
  readonly lookedUntilMs: number
  readonly lookMs: number
  readonly told: Omit<ToldRecord, 'from'>
}

interface FollowOptions {
  readonly feed: Feed
  readonly plan: Pick<Plan, 'runId'> & { readonly scenario: Pick<Plan['scenario'], 'passes'> }
  readonly folder: string
  /** The run's start, by its clock, and by the wall clock at that moment. */
  readonly startAtMs: number
  readonly startedAtEpochMs: number
  readonly journals: readonly string[]
  /** How long the feed is read on when all is there. */
  readonly lookMs: number
  readonly interrupt: AbortSignal
  readonly events: RunEvents
}

/**
 * Reads what the target tells until it has told of everything that was accepted, or the scenario's time for that is over. Where it
 * cannot be asked, it is asked again until then.
 */
export async function follow(options: FollowOptions): Promise<Followed> {
  const { feed, plan, folder, startAtMs, startedAtEpochMs, journals, lookMs, interrupt, events } = options
  const known = { runId: plan.runId, events: readPlan(folder).events, startedAtEpochMs }
  const beganMs = preciseNow()
  let completeMs: number | undefined
  let told = toldOf([], known)
  let toldMs = beganMs
  events.phase('drain')
  for (;;) {
    const lookedMs = preciseNow()
    let unread: string | undefined
    try {
      told = toldOf(await feed.lines(), known)
      toldMs = lookedMs
    } catch (error) {
      unread = messageOf(error)
    }
    writeEffects(effectsPath(folder), told.effects)
    writeBuried(buriedPath(folder), told.buried)
    const isComplete = missing(journals.map(readJournal), told.effects, told.buried) === 0
    if (isComplete && unread === undefined) completeMs ??= lookedMs
    const isOver =
      completeMs === undefined ? lookedMs - beganMs > plan.scenario.passes.drainMs : lookedMs - completeMs >= lookMs
    if (isOver || interrupt.aborted) {
      const { effects, buried, ...counts } = told
      events.settled?.(settledOf(effects, buried))
      return {
        ...{ drained: isComplete, lookedUntilMs: toldMs - startAtMs, lookMs },
        // Where it has told of all, only how long it was watched is missing, and that is said by lookedUntilMs.
        told: { ...counts, ...(unread !== undefined && !isComplete && { unread }) },
      }
    }
    const tookMs = preciseNow() - lookedMs
    await wait(Math.max(EVERY_MS, REST_FACTOR * tookMs), undefined, { signal: interrupt }).catch(() => {})
  }
}
