import type { Clock } from '../core/clock.ts'
import { FloodmarkError } from '../core/errors.ts'
import { parseBody } from '../core/json-body.ts'
import type { Effect } from '../core/ledger.ts'
import { fateOf, seqOf, warmUpIdOf } from './identity.ts'

/** The name's prefix under which a run's effects are listed: one list per ordering key. */
export const EFFECTS = 'effects/'
export const EFFECT_BYTES = 12

/**
 * The work that a run does for each event: parses it, as a consumer would, and appends its number and the time to its key's
 * list. The list is what the audit reads: repetition and order show in it. Fails where the plan says so. `clock` is the
 * honest wall clock also where a fault has put the process's own clock wrong: what is measured must not lie with it.
 */
export function runEffect(run: {
  runId: string
  seed: number
  effects: { failOnce: number; failAlways: number }
  clock: Pick<Clock, 'now'>
}): Effect {
  const warmUpId = warmUpIdOf(run.runId)
  const failedOnce = new Set<number>()
  return (event, tx) => {
    parseBody(event.body)
    if (seqOf(warmUpId, event.id) !== undefined) return
    const seq = seqOf(run.runId, event.id)
    if (seq === undefined) throw new FloodmarkError('rejected', 'not an event of this run')
    const fate = fateOf(run.seed, seq, run.effects)
    if (fate === 'fails-always') throw new Error('planned: fails always')
    if (fate === 'fails-once' && !failedOnce.delete(seq)) {
      failedOnce.add(seq)
      throw new Error('planned: fails once')
    }
    const value = Buffer.allocUnsafe(EFFECT_BYTES)
    value.writeUInt32LE(seq, 0)
    value.writeDoubleLE(run.clock.now(), 4)
    tx.append(`${EFFECTS}${event.source}/${event.key}`, value)
  }
}
