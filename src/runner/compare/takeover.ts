import { PROCESSES } from '../faults/planned-fault.ts'
import type { JudgedRun } from '../report/judged-run.ts'

/** What a comparison calls the trial in which each stack is killed. No scenario has that name. */
export const TAKEOVER = 'takeover'

/**
 * From the first kill of the stack's processes until all that they had accepted by then, and not yet carried out, has taken
 * effect. null: none was killed, or nothing was in hand.
 */
export function takeoverOf(run: JudgedRun): number | null {
  const kill = run.record.faults.find(
    (mark) => mark.kind === 'kill' && (PROCESSES as readonly string[]).includes(mark.fault.target),
  )
  if (!kill) return null
  const isInHand = new Uint8Array(run.planned)
  for (const { seq, outcome, doneMs } of run.attempts()) {
    if (outcome === 'accepted' && doneMs <= kill.fromMs && seq < run.planned) isInHand[seq] = 1
  }
  let lastMs: number | null = null
  for (const { seq, atMs } of run.effects()) {
    if (seq >= run.planned || !isInHand[seq]) continue
    // What comes again later was carried out before.
    isInHand[seq] = 0
    if (atMs > kill.fromMs) lastMs = Math.max(lastMs ?? 0, atMs)
  }
  return lastMs === null ? null : lastMs - kill.fromMs
}
