import { z } from 'zod'
import { grouped, ms } from '../../../core/base/words.ts'
import { defineCard } from '../card.ts'
import { none } from '../check.ts'
import { count } from '../common-schema.ts'
import { Latencies } from '../latency/latencies.ts'
import { percentiles } from '../latency/percentiles.ts'

/** Events that senders never sent, and how the provider's list was read for them. */
const schema = z.object({
  /** Requests for a page of the list, and those of them that were answered with 503 as planned. */
  requests: count,
  unavailable: count,
  /** Events on the pages, each as often as it was read. */
  listed: count,
  found: count,
  neverFound: count,
  /** From an event's creation to its effect. */
  toEffect: percentiles,
})
type Reconciled = z.infer<typeof schema>

/** What became of webhooks that never came. */
export const reconciled = defineCard({
  schema,
  make({ record: { list }, audit: { found, neverFound }, attempts, effects }) {
    if (!list) return undefined
    const createdMs = new Map<number, number>()
    for (const { seq, cause, intendedMs } of attempts()) if (cause === 'lost-by-sender') createdMs.set(seq, intendedMs)
    const toEffect = new Latencies()
    for (const { seq, atMs } of effects()) {
      const created = createdMs.get(seq)
      if (created !== undefined) toEffect.record(created, atMs - created)
    }
    return { ...list, found, neverFound, toEffect: toEffect.percentiles() }
  },
  // It is found, or the list is not read as it must be.
  checks: (card) => (card ? [none('never-found', card.neverFound, 'harm')] : []),
  checkWords: { 'never-found': { title: 'events lost by the sender and never found' } },
  words(card) {
    const lines = linesOf(card)
    return { title: 'Found by polling', blocks: lines.map((line) => ({ paragraph: `${line}.` })), lines }
  },
})

function linesOf({ found, neverFound, toEffect, requests, unavailable, listed }: Reconciled): string[] {
  const times = [
    ...(toEffect.p50 ? [`p50 ${ms(toEffect.p50.ms)}`] : []),
    ...(toEffect.p99 ? [`p99 ${ms(toEffect.p99.ms)}`] : []),
    ...(toEffect.maxMs === undefined ? [] : [`max ${ms(toEffect.maxMs)}`]),
  ]
  return [
    `lost by the sender: ${found + neverFound}, found in the provider's list: ${found}; from creation to effect ${times.join(', ') || 'nothing to say'}`,
    `the list was read ${grouped(requests)} times (${grouped(unavailable)} answered with 503), ${grouped(listed)} events on its pages`,
  ]
}
