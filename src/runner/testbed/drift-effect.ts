import type { Effect } from '../../core/contracts/ledger.ts'
import { type CheckedWork, checked } from '../../core/processing/schemas.ts'
import { seqOf, warmUpIdOf } from '../plan/identity.ts'
import { noteDrift } from '../records/drift-notes.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { schemasFor } from './drift-schemas.ts'
import { parsedWork, type RunWork, runEffect } from './effect.ts'

/** The effect of a run, behind schemas where its scenario has drift. An event that is kept although it drifted leaves a note. */
export function effectOf(run: Omit<RunWork, 'effects'>, scenario: Pick<Scenario, 'effects' | 'drift'>): Effect {
  const work = { ...run, effects: scenario.effects }
  const plain = runEffect(work)
  if (!scenario.drift) return plain
  const apply = parsedWork(work)
  const effect: CheckedWork = (event, tx, body, drift) => {
    const seq = seqOf(run.runId, event.id)
    if (drift && seq !== undefined) noteDrift(tx, event.source, { seq, outcome: drift.outcome, reason: drift.reason })
    return apply(event, tx, body)
  }
  const behindSchemas = checked({ sources: schemasFor(scenario.drift.strict), effect, unknown: effect })
  const warmUpId = warmUpIdOf(run.runId)
  return (event, tx) => {
    // The warm-up drifts as well, and its dead letters would stand among those of the run.
    const warmUp = seqOf(warmUpId, event.id) !== undefined
    return warmUp ? plain(event, tx) : behindSchemas(event, tx)
  }
}
