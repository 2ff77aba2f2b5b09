import { parseBody } from '../../core/base/json-body.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { WebhookEvent } from '../../core/contracts/event.ts'
import type { Effect, Tx } from '../../core/contracts/ledger.ts'
import type { FetchBody } from '../../core/processing/claim-check.ts'
import { fateOf, seqOf, warmUpIdOf } from '../plan/identity.ts'
import { EFFECT_BYTES, EFFECTS } from '../records/effects-file.ts'

export interface RunWork {
  readonly runId: string
  readonly seed: number
  readonly effects: { readonly failOnce: number; readonly failAlways: number }
  /** The clock of the run. A fault that puts the process's own clock wrong does not reach it. */
  nowMs(): number
  /** Gets the content of an event that only refers to it. */
  readonly fetchBody?: FetchBody
}

/** The work that a run does for each event: parses it, as a consumer would, and appends it to its key's list. */
export function runEffect(run: RunWork): Effect {
  const work = parsedWork(run)
  return (event, tx) => work(event, tx, parseBody(event.body))
}

/**
 * The same for a body that has been parsed: appends the event's number and the time. The list is what the audit reads: repetition
 * and order show in it. Fails where the plan says so.
 */
export function parsedWork(run: RunWork): (event: WebhookEvent, tx: Tx, body: unknown) => void | Promise<void> {
  const warmUpId = warmUpIdOf(run.runId)
  const failedOnce = new Set<number>()
  return (event, tx, body) => {
    if (seqOf(warmUpId, event.id) !== undefined) return
    const seq = seqOf(run.runId, event.id)
    if (seq === undefined) throw new FloodmarkError('rejected', 'not an event of this run')
    const fate = fateOf(run.seed, seq, run.effects)
    if (fate === 'fails-always') throw new Error('planned: fails always')
    if (fate === 'fails-once' && !failedOnce.delete(seq)) {
      failedOnce.add(seq)
      throw new Error('planned: fails once')
    }
    const { content } = (body ?? {}) as { readonly content?: unknown }
    if (run.fetchBody && content !== undefined)
      return run.fetchBody(content, { signal: tx.signal }).then(() => apply(event, seq, tx, run.nowMs()))
    apply(event, seq, tx, run.nowMs())
  }
}

function apply(event: WebhookEvent, seq: number, tx: Tx, atMs: number): void {
  const value = Buffer.allocUnsafe(EFFECT_BYTES)
  value.writeUInt32LE(seq, 0)
  value.writeDoubleLE(atMs, 4)
  tx.append(`${EFFECTS}${event.source}/${event.key}`, value)
}
