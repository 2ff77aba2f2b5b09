import { z } from 'zod'
import { grouped } from '../../../core/base/words.ts'
import type { RefusalReason } from '../../../core/contracts/refusal.ts'
import { defineCard } from '../card.ts'
import { count } from '../common-schema.ts'
import type { JudgedRun } from '../judged-run.ts'

/** What each says of the stack, in the order in which people ask. */
const WORDS = {
  busy: 'more was in progress, held or waiting to be stored than allowed',
  unavailable: 'it could not be stored',
  'too-large': 'the body was too large',
  rate: 'more came than its route, or its sender, may send',
  slow: 'it was not whole in its time',
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

/** Requests that the stack refused while the run was sending, by its own reasons. One of another version may be missing. */
const schema = z.partialRecord(z.enum(REASONS), count)
type Refused = z.infer<typeof schema>

/** Why the stack refused what it refused. */
export const refusals = defineCard({
  schema,
  make: refusedOf,
  checks: () => [],
  checkWords: {},
  words(card) {
    const all = REASONS.flatMap((reason) => (card[reason] ? [`${grouped(card[reason])} as ${WORDS[reason]}`] : []))
    const line = `requests that the stack refused: ${all.join('; ')}`
    const todo = card.busy ? ' Load was shed: see --in-flight-max, and what the errors say of the queue.' : ''
    return { blocks: [{ paragraph: `${line}.${todo}` }], lines: [line] }
  },
})

function refusedOf({ record, endedAtMs }: JudgedRun): Refused | undefined {
  const sums: Refused = {}
  for (const { samples } of record.samples.stack) {
    const told = samples.filter(({ atMs }) => atMs <= endedAtMs).flatMap(({ refused }) => refused ?? [])
    for (const reason of REASONS) {
      const more = growth(told.map((one) => one[reason] ?? 0))
      if (more > 0) sums[reason] = (sums[reason] ?? 0) + more
    }
  }
  return Object.keys(sums).length > 0 ? sums : undefined
}

/** A process that started again counts from nothing. */
function growth(counts: readonly number[]): number {
  return counts.slice(1).reduce((sum, one, at) => sum + (one >= counts[at]! ? one - counts[at]! : one), 0)
}
