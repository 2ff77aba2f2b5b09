import { differsFrom, digestOf } from '../base/copy-digest.ts'
import type { Claim, Settlement } from '../contracts/ledger.ts'
import type { Verdict } from '../contracts/queue.ts'
import { COPY, DIFFERING, type Paused, type TaskOutcome } from './attempts.ts'
import type { Task } from './fan-out.ts'

/** One task of a batch, from its claim to its verdict. */
export interface Work {
  readonly task: Task
  claim: Claim | Paused
  outcome: TaskOutcome
  verdict: Verdict
}

const UNKNOWN: TaskOutcome = { verdict: { retryInMs: 0 } }

/** The tasks of a batch: by key, and there by lane, each in order. */
export function lanesByKey(tasks: readonly Task[], claims: readonly (Claim | Paused)[]): Work[][][] {
  const keys = new Map<string, Work[][]>()
  for (let at = 0; at < tasks.length; at++) {
    const task = tasks[at]!
    const work: Work = { task, claim: claims[at]!, outcome: UNKNOWN, verdict: UNKNOWN.verdict }
    const lanes = keys.get(task.key)
    const lane = lanes?.find(([first]) => first!.task.lane === task.lane)
    if (lane) lane.push(work)
    else if (lanes) lanes.push([work])
    else keys.set(task.key, [[work]])
  }
  return [...keys.values()]
}

/** What becomes of an event whose id came earlier in the lane: that one is claimed, and its outcome holds for both. */
export function copyIn(lane: readonly Work[], at: number): TaskOutcome | undefined {
  const { task, claim } = lane[at]!
  if (claim.state !== 'busy') return undefined
  const first = lane.slice(0, at).find((earlier) => earlier.task.event.id === task.event.id)
  return first && (differsFrom(digestOf(first.task.event), task.event) ? DIFFERING : COPY)
}

/** The first that is suspect where everything before it in its lane is settled. `works`: those of one key, in order. */
export function nextSuspect(works: readonly Work[]): Work | undefined {
  const stopped = new Set<string>()
  for (const work of works) {
    const { lane } = work.task
    if (work.claim.state === 'suspect' && !stopped.has(lane)) return work
    if (work.verdict !== 'ack') stopped.add(lane)
  }
  return undefined
}

/** What a lane has to settle, in order. Most lanes have one task: an array that grows would have room for sixteen. */
export function settlementsOf(lane: readonly Work[]): readonly Settlement[] {
  if (lane.length > 1) return lane.flatMap(({ outcome }) => outcome.settlement ?? [])
  const settlement = lane[0]?.outcome.settlement
  return settlement ? [settlement] : []
}

/** Whether its effect did work of its own in the ledger's database, which is not committed yet. */
export function hasTransaction({ outcome: { settlement } }: Work): boolean {
  return settlement?.result === 'applied' && settlement.transaction !== undefined
}
