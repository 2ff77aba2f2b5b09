import type { Expected } from '../plan/identity.ts'
import type { Buried, EffectRecord } from '../records/effects-file.ts'
import type { Attempt } from '../records/journal.ts'

export interface AuditInput {
  /** How many arrivals the plan had until sending ended, counted from the plan itself. */
  readonly planned: number
  readonly attempts: Iterable<Readonly<Attempt>>
  readonly effects: Iterable<EffectRecord>
  readonly buried: Iterable<Pick<Buried, 'seq'>>
  /**
   * Those that a replay took from the dead letters, by its own journal: they come after later ones of their key, and are no
   * disorder. Absent: none.
   */
  readonly replayed?: ReadonlySet<number>
  readonly duplicatesAbsorbed: number
  /** What the plan has in store for each event that is accepted. */
  readonly expected: (seq: number) => Expected
}

const ACCEPTED = 1
const UNKNOWN = 2
const SENT = 4
const APPLIED = 8
const BURIED = 16
/** Never sent as a webhook, by plan: to be found in the provider's list. */
const LISTED = 32
const KNOWN = SENT | LISTED

export interface Audited extends Audit {
  readonly appliedAfterRefusal: number
  /** Events that the sender lost by plan: settled all the same, or not. The latter are among the unsent. */
  readonly found: number
  readonly neverFound: number
}

/**
 * Follows every planned event from the sender's journal to its effect. The expectation comes from the plan and the journal,
 * what took place from the ledger's effects and dead letters; never from dedup marks or the queue's own word.
 */
export function audit(input: AuditInput): Audited {
  const { planned } = input
  const state = new Uint8Array(planned)
  const sentMs = new Float64Array(planned).fill(Number.POSITIVE_INFINITY)
  const acceptedMs = new Float64Array(planned).fill(Number.POSITIVE_INFINITY)
  let unexpected = 0
  for (const { seq, outcome, cause, sentMs: sent, doneMs } of input.attempts) {
    if (seq >= planned) {
      unexpected++
      continue
    }
    if (outcome !== 'unsent') state[seq]! |= SENT
    if (cause === 'lost-by-sender') state[seq]! |= LISTED
    if (outcome === 'unknown') state[seq]! |= UNKNOWN
    if (outcome === 'accepted') {
      state[seq]! |= ACCEPTED
      acceptedMs[seq] = Math.min(acceptedMs[seq]!, doneMs)
    }
    if (outcome !== 'unsent') sentMs[seq] = Math.min(sentMs[seq]!, sent)
  }

  let duplicateEffects = 0
  let reordered = 0
  let lane = -1
  let latestSentMs = 0
  for (const effect of input.effects) {
    if (effect.lane !== lane) {
      lane = effect.lane
      latestSentMs = Number.NEGATIVE_INFINITY
    }
    const { seq } = effect
    if (seq >= planned || !(state[seq]! & KNOWN)) {
      unexpected++
      continue
    }
    if (state[seq]! & APPLIED) duplicateEffects++
    // Something of this key that took effect before was sent only after this one had been accepted.
    else if (acceptedMs[seq]! < latestSentMs && !input.replayed?.has(seq)) reordered++
    state[seq]! |= APPLIED
    // Found by polling, it comes after whatever came by webhook meanwhile.
    if (state[seq]! & LISTED) continue
    latestSentMs = Math.max(latestSentMs, sentMs[seq]!)
  }

  for (const { seq } of input.buried) {
    if (seq === undefined || seq >= planned || !(state[seq]! & KNOWN)) unexpected++
    else state[seq]! |= BURIED
  }

  const counts = { applied: 0, buried: 0, refused: 0, unsent: 0, unknown: 0, lost: 0 }
  let misjudged = 0
  let appliedAfterRefusal = 0
  let found = 0
  let neverFound = 0
  for (let seq = 0; seq < planned; seq++) {
    const bits = state[seq]!
    counts[classOf(bits)]++
    if (bits & APPLIED && !(bits & (ACCEPTED | UNKNOWN | LISTED))) appliedAfterRefusal++
    if (bits & LISTED && bits & (APPLIED | BURIED)) found++
    else if (bits & LISTED) neverFound++
    if (bits & (APPLIED | BURIED)) {
      const expected = input.expected(seq)
      const both = (bits & APPLIED) !== 0 && (bits & BURIED) !== 0
      const otherwise = expected !== 'either' && (expected === 'buried') !== ((bits & BURIED) !== 0)
      if (both || otherwise) misjudged++
    }
  }
  const { duplicatesAbsorbed } = input
  return {
    planned,
    ...counts,
    duplicateEffects,
    duplicatesAbsorbed,
    reordered,
    unexpected,
    misjudged,
    appliedAfterRefusal,
    found,
    neverFound,
  }
}

function classOf(bits: number): 'applied' | 'buried' | 'refused' | 'unsent' | 'unknown' | 'lost' {
  if (bits & APPLIED) return 'applied'
  if (bits & BURIED) return 'buried'
  if (bits & ACCEPTED) return 'lost'
  if (bits & UNKNOWN) return 'unknown'
  return bits & SENT ? 'refused' : 'unsent'
}

/** Every planned event is in exactly one of the first six classes. */
export interface Audit {
  readonly planned: number
  readonly applied: number
  readonly buried: number
  /** Never accepted, and the sender knows it. Refusing is not losing. */
  readonly refused: number
  /** Never sent: the generator could not, every connection waited for the stack, or the run was ended first. */
  readonly unsent: number
  /** The sender never learned, and it did not take effect. */
  readonly unknown: number
  /** Accepted with 2xx, then neither applied nor buried. Must be 0. */
  readonly lost: number
  /** Took effect more than once. Must be 0. */
  readonly duplicateEffects: number
  /** Extra deliveries absorbed; a cost, not a fault. */
  readonly duplicatesAbsorbed: number
  /**
   * Pairs of one key that took effect in the wrong order: B was sent only after A had been accepted, yet B's effect came
   * first. Counts the As. Must be 0 where order is promised.
   */
  readonly reordered: number
  /** Took effect, or lies buried, but was never sent. Must be 0. */
  readonly unexpected: number
  /** Dead letters whose effect was not planned to fail, and effects that were planned to fail for good. Must be 0. */
  readonly misjudged: number
}
