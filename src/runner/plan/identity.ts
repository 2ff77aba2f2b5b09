import { drawFor, hash32 } from '../../core/contracts/random.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** The ids and keys of events. Every side of the audit must agree on these. */

/** The sender's id of event `seq` of a run: `<runId>-<seq>`. runId is [0-9a-z]{6,12}. */
export function eventId(runId: string, seq: number): string {
  return `${runId}-${seq}`
}

/** The number behind an id that some provider may have put a prefix before; undefined when it is not of this run. */
export function seqOf(runId: string, id: string): number | undefined {
  const dash = id.lastIndexOf('-')
  if (dash < runId.length || !id.slice(0, dash).endsWith(runId)) return undefined
  const digits = id.slice(dash + 1)
  return /^(0|[1-9]\d{0,9})$/.test(digits) ? Number(digits) : undefined
}

/** Events of the warm-up before a run have an id of their own: processed like all others, counted by nobody. */
export function warmUpIdOf(runId: string): string {
  return `w${runId.slice(1)}`
}

/** Run ids are hexadecimal, so none begins so. */
export function isWarmUp(id: string): boolean {
  return id.startsWith('w')
}

/** The ordering key of rank `rank`. */
export function orderingKey(rank: number): string {
  return `k${rank}`
}

type Fate = 'applies' | 'fails-once' | 'fails-always'

/** What the plan has in store for the effect of event `seq`: a function of the seed alone. */
export function fateOf(seed: number, seq: number, shares: { failOnce: number; failAlways: number }): Fate {
  const draw = drawFor(hash32(seed, 103), seq)
  if (draw < shares.failAlways) return 'fails-always'
  return draw < shares.failAlways + shares.failOnce ? 'fails-once' : 'applies'
}

/** Whether event `seq`, sent again, comes as it was recorded; else it is signed anew. */
export function isRecorded(seed: number, seq: number): boolean {
  return hash32(hash32(seed, 109), seq) % 2 === 1
}

/** Where an accepted event must end: as an effect, as a dead letter, or in one of both. */
export type Expected = 'applied' | 'buried' | 'either'

/** Whether a sender forgets to send event `seq` at all. */
export function isLostBySender(seed: number, seq: number, { reconcile }: Pick<Scenario, 'reconcile'>): boolean {
  return reconcile !== undefined && drawFor(hash32(seed, 113), seq) < reconcile.lostShare
}
