import { z } from 'zod'
import { grouped } from '../../../core/base/words.ts'
import type { RefusalReason } from '../../../core/contracts/refusal.ts'
import { defineCard } from '../card.ts'
import { count } from '../common-schema.ts'
import type { JudgedRun } from '../judged-run.ts'

/** What each says of the stack, in the order in which people ask. */
const WORDS = {
  busy: 'more was in progress, or held, than allowed',
  full: 'the queue had no room for it',
  unavailable: 'it could not be stored',
  'too-large': 'the body was too large',
  rate: 'more came than its route, or its sender, may send',
  slow: 'it was not whole in its time',
  stopping: 'the receiver was stopping',
  missing: 'no signature came',
  malformed: 'the signature was none',
  stale: 'signed too long ago',
  ahead: 'signed in the future',
  mismatch: 'signed with another secret',
  'unknown-key': 'signed with an unknown key',
  unreadable: 'no event could be made of it',
  format: 'its content type is not taken',
  coding: 'its coding is not taken',
  head: 'its head was wrong',
  method: 'it was no POST',
  'no-route': 'no route has its path',
  address: 'its sender’s address is not allowed',
} as const satisfies Record<RefusalReason, string>
const REASONS = Object.keys(WORDS) as RefusalReason[]

const schema = z.object({
  /** Requests, by the receivers' own reasons. One of another version may be missing. */
  byReason: z.partialRecord(z.enum(REASONS), count),
  /** Attempts that never came that far: no connection stood in their time, or it broke before they were sent. */
  unarrived: count,
})
type Refused = z.infer<typeof schema>

/** Why the stack refused what it refused. */
export const refusals = defineCard({
  schema,
  make: refusedOf,
  checks: () => [],
  checkWords: {},
  words({ byReason, unarrived }) {
    const all = REASONS.flatMap((reason) => {
      const refused = byReason[reason] ?? 0
      return refused > 0 ? [`${grouped(refused)} as ${WORDS[reason]}`] : []
    })
    const lines = [
      ...(all.length > 0 ? [`requests that the stack refused: ${all.join('; ')}`] : []),
      ...(unarrived > 0
        ? [`attempts that found no connection in their time, so that nothing was sent: ${grouped(unarrived)}`]
        : []),
    ]
    const todo = byReason.busy ? ['Load was shed before it came to the queue: see --in-flight-max.'] : []
    return { blocks: [...lines.map((line) => `${line}.`), ...todo].map((paragraph) => ({ paragraph })), lines }
  },
})

function refusedOf({ record, attempts }: JudgedRun): Refused | undefined {
  const byReason: Refused['byReason'] = {}
  for (const { samples } of record.samples.stack) {
    const told = samples.flatMap(({ refused }) => refused ?? [])
    for (const reason of REASONS) {
      const more = growth(told.map((one) => one[reason] ?? 0))
      if (more > 0) byReason[reason] = (byReason[reason] ?? 0) + more
    }
  }
  let unarrived = 0
  for (const { outcome, status } of attempts()) if (outcome === 'refused' && status === 0) unarrived++
  return Object.keys(byReason).length > 0 || unarrived > 0 ? { byReason, unarrived } : undefined
}

/** A process that started again counts from nothing. */
function growth(counts: readonly number[]): number {
  return counts.slice(1).reduce((sum, one, at) => sum + (one >= counts[at]! ? one - counts[at]! : one), 0)
}
