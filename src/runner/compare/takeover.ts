import { PROCESSES } from '../faults/planned-fault.ts'
import type { JudgedRun } from '../report/judged-run.ts'
import type { TurnFigures } from './turn-schema.ts'

/** What a comparison calls the trial in which each stack is killed. No scenario has that name. */
export const TAKEOVER = 'takeover'

/** The wait after the kill of a stack that forgets, ms. */
const FORGETFUL_DRAIN_MS = 10_000

/**
 * The wait for a killed stack, ms, by its runs before. What a queue or a ledger forgets with its process never comes.
 * undefined: as long as any stack may take.
 */
export function takeoverDrainMs(stack: string, turns: readonly TurnFigures[]): number | undefined {
  const shown = turns.find((turn) => turn.stack === stack)?.durability
  if (shown === undefined) return undefined
  const outlives = [shown.queue, shown.ledger].every(({ survives }) => survives.includes('receiver-crash'))
  return outlives ? undefined : FORGETFUL_DRAIN_MS
}

/**
 * From the first kill of the stack's processes until events take effect again, and all that was accepted by then, and not yet
 * carried out, has taken effect. null: none was killed, or nothing took effect afterwards.
 */
export function takeoverOf(run: JudgedRun): number | null {
  const kill = run.record.faults.find(
    (mark) => mark.kind === 'kill' && (PROCESSES as readonly string[]).includes(mark.fault.strikes),
  )
  if (!kill) return null
  const isInHand = new Uint8Array(run.planned)
  for (const { seq, outcome, doneMs } of run.attempts()) {
    if (outcome === 'accepted' && doneMs <= kill.fromMs && seq < run.planned) isInHand[seq] = 1
  }
  const isDone = new Uint8Array(run.planned)
  let [firstMs, lastMs] = [Number.POSITIVE_INFINITY, 0]
  for (const { seq, atMs } of run.effects()) {
    // What comes again later was carried out before.
    if (seq >= run.planned || isDone[seq]) continue
    isDone[seq] = 1
    if (atMs <= kill.fromMs) continue
    firstMs = Math.min(firstMs, atMs)
    if (isInHand[seq]) lastMs = Math.max(lastMs, atMs)
  }
  return firstMs === Number.POSITIVE_INFINITY ? null : Math.max(firstMs, lastMs) - kill.fromMs
}
