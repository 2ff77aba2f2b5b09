import { parseBody } from '../../core/base/json-body.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { WebhookEvent } from '../../core/contracts/event.ts'
import type { Effect, Tx } from '../../core/contracts/ledger.ts'
import type { FetchBody } from '../../core/processing/claim-check.ts'
import { contentDigests } from '../plan/event-digests.ts'
import { fateOf, seqOf, warmUpIdOf } from '../plan/identity.ts'
import { EFFECTS, encodeEffect } from '../records/effects-file.ts'

export interface RunWork {
  readonly runId: string
  readonly seed: number
  readonly effects: { readonly failOnce: number; readonly failAlways: number }
  /** The clock of the run, and the wall clock. A fault that puts the process's own clock wrong does not reach them. */
  nowMs(): number
  wallMs?(): number
  /** By source: names of kept headers that tell when a request was signed. */
  readonly timedHeaders?: Readonly<Record<string, readonly string[]>>
  /** Gets the content of an event that only refers to it. */
  readonly fetchBody?: FetchBody
}

/** The work that a run does for each event: parses it, as a consumer would, and appends it to its key's list. */
export function runEffect(run: RunWork): Effect {
  const work = parsedWork(run)
  return (event, tx) => work(event, tx, parseBody(event.body))
}

/**
 * The same for a body that has been parsed: appends the event's number, the time, and digests of what the event consists of. The
 * list is what the audit reads: repetition, order and every change show in it. Fails where the plan says so.
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
      return run.fetchBody(content, { signal: tx.signal }).then(() => apply(event, seq, tx, run))
    apply(event, seq, tx, run)
  }
}

function apply(event: WebhookEvent, seq: number, tx: Tx, { nowMs, wallMs = Date.now, timedHeaders }: RunWork): void {
  const atMs = nowMs()
  // The receiver tells its time by the wall clock, which may have been corrected since the run began.
  const receivedMs = atMs - (wallMs() - event.receivedAtMs)
  const content = contentDigests(event, timedHeaders?.[event.source])
  tx.append(`${EFFECTS}${event.source}/${event.key}`, encodeEffect({ seq, atMs, receivedMs, content }))
}
