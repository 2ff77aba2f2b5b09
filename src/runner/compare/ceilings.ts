import { ceilingBelief } from '../search/answer.ts'
import type { Ceiling } from '../search/ceiling-schema.ts'
import { costOf } from '../search/cost.ts'
import { isBusy } from './busy.ts'
import { CEILINGS_VERSION, type CeilingClass, type CeilingRow, type ComparedCeilings } from './ceilings-schema.ts'
import { confidenceOf, shownOf } from './rank.ts'
import { NOT_SHOWN } from './turn-schema.ts'

/** Beyond this an interval says no more than that nothing is known, high / low. */
const RATIO_SAYING_NOTHING = 3
/**
 * The beliefs are surer than they may be: of an interval that holds 97% of one the truth is in 90%. What may be wrong is taken
 * to be so many times as much as the belief says.
 */
const DOUBT = 10 / 3

/** A stack's search, over or not. */
export interface StackCeiling {
  readonly stack: string
  readonly folder: string
  readonly ceiling: Ceiling
}

type AboutCeilings = Omit<ComparedCeilings, 'version' | 'kind' | 'classes' | 'busyTrials'>

/** Which stack holds most, and how sure that is. A stack is never beside one that survives less. */
export function ceilingsOf(stacks: readonly StackCeiling[], about: AboutCeilings): ComparedCeilings {
  const shown = stacks.map((one) => {
    const durable = one.ceiling.trials.flatMap(({ durability }) => (durability ? [{ durability }] : []))
    return { one, queue: shownIn(durable, 'queue'), ledger: shownIn(durable, 'ledger') }
  })
  const classes = Map.groupBy(shown, ({ queue, ledger }) => JSON.stringify([queue, ledger]))
  return {
    version: CEILINGS_VERSION,
    kind: 'ceilings',
    ...about,
    busyTrials: stacks.reduce((sum, { ceiling }) => sum + ceiling.trials.filter(isBusy).length, 0),
    classes: [...classes.values()]
      .map((members) => ({
        queue: members[0]!.queue,
        ledger: members[0]!.ledger,
        rows: rowsOf(members.map(({ one }) => one)),
      }))
      .toSorted((a, b) => b.queue.survives.length - a.queue.survives.length),
  }
}

function shownIn(durable: Parameters<typeof shownOf>[0], part: 'queue' | 'ledger'): CeilingClass['queue'] {
  return durable.length === 0 ? NOT_SHOWN : shownOf(durable, part)
}

function rowsOf(members: readonly StackCeiling[]): CeilingRow[] {
  const rows = members.map((one) => ({ one, row: rowOf(one) }))
  const inRace = rows.filter(({ row }) => row.why === null).toSorted((a, b) => midOf(b.row) - midOf(a.row))
  const [first] = inRace
  // As two-sided intervals of the two beliefs, widened by what they are known to be too sure.
  const mass = 1 - (1 - confidenceOf(inRace.length)) / DOUBT
  const placed = rows.map(({ one, row }): CeilingRow => {
    if (row.why !== null || !first) return row
    if (one === first.one) return { ...row, place: 'first' }
    const of = ({ ceiling }: StackCeiling) => ceilingBelief(ceiling.trials)!
    const { low, mid, high } = of(one).ratioTo(of(first.one), mass)
    const against = { ratio: mid, low, high, isReal: low > 1 || high < 1 }
    return { ...row, place: high < 1 ? 'behind' : 'tied', against }
  })
  const order: Readonly<Record<CeilingRow['place'], number>> = { first: 0, tied: 1, behind: 2, unranked: 3 }
  return placed.toSorted((a, b) => order[a.place] - order[b.place] || midOf(b) - midOf(a))
}

function rowOf({ stack, folder, ceiling }: StackCeiling): CeilingRow {
  const { found, limit, drifted, trials, tookMs } = ceiling
  return {
    ...{ stack, folder, found, limit, drifted, tookMs },
    trials: trials.length,
    invalid: trials.filter(({ outcome }) => outcome === 'invalid').length,
    cost: costAtHalf(ceiling),
    place: 'unranked',
    why: whyNot(found),
    against: null,
  }
}

function whyNot({ kind, interval }: Ceiling['found']): CeilingRow['why'] {
  if (kind !== 'found' && kind !== 'budget-over') return kind
  return interval && interval.high / interval.low <= RATIO_SAYING_NOTHING ? null : 'too-few-trials'
}

/** Of the last anchor, which is about half of the ceiling. */
function costAtHalf({ trials, found }: Ceiling): CeilingRow['cost'] {
  const anchor = trials.findLast(({ purpose, sender }) => purpose === 'anchor' && sender === 'fit')
  const cost = anchor && costOf(anchor, found.interval?.mid ?? anchor.ratePerS)
  if (!cost) return null
  const { ratePerS, cpuMs, serverCpuMs, diskBytes, httpBytes, storeBytes } = cost
  const stackCpuMs = cpuMs.reduce((sum, { ms }) => sum + ms, 0)
  return { ratePerS, stackCpuMs, serverCpuMs, diskBytes, wireBytes: httpBytes + storeBytes }
}

const midOf = ({ found }: CeilingRow) => found.interval?.mid ?? 0
