import type { Expected } from '../../plan/identity.ts'
import type { PlannedEvent } from '../../plan/planned-events.ts'
import type { Buried, EffectRecord } from '../../records/effects-file.ts'
import type { Attempt } from '../../records/journal.ts'
import type { Audited, Bad } from './account.ts'
import { alteredIn, FIELDS, type Field } from './altered.ts'

export interface AuditInput {
  /** How many arrivals the plan had until sending ended, counted from the plan itself. */
  readonly planned: number
  /** For each number below `planned`. */
  readonly eventAt: (seq: number) => PlannedEvent
  readonly attempts: Iterable<Readonly<Attempt>>
  readonly effects: Iterable<EffectRecord>
  /** False: nothing is known of effects. Default: an effect that is not among them did not take place. */
  readonly followed?: boolean
  readonly buried: Iterable<Pick<Buried, 'seq' | 'id' | 'receivedAtMs' | 'content'>>
  /** When the run began, ms since the Unix epoch: receivers tell their time by the wall clock. */
  readonly startedAtEpochMs: number
  /** The stack also reads the providers' lists, and finds there what it got by no webhook. */
  readonly reconciled: boolean
  /** The most by which a fault puts a receiver's clock wrong. */
  readonly clockOffMs: number
  /**
   * The events that a replay took from the dead letters, by its own journal. They come after later ones of their key, which is
   * no disorder. Absent: none.
   */
  readonly replayed?: ReadonlySet<number>
  readonly duplicatesAbsorbed: number
  /** Absent: none. */
  readonly differingCopies?: number
  /** What the plan has in store for each event that is accepted. */
  readonly expected: (seq: number) => Expected
  /** Told of every event that must not be, as often as something is wrong with it. */
  readonly onBad?: (bad: Bad) => void
}

const ACCEPTED = 1
const UNKNOWN = 2
const SENT = 4
const APPLIED = 8
const BURIED = 16
/** Never sent as a webhook, by plan: to be found in the provider's list. */
const LISTED = 32
const ALTERED = 64
const KNOWN = SENT | LISTED

/** An effect, as far as its order matters. */
type LaneStep = Pick<EffectRecord, 'seq' | 'lane' | 'atMs'>

/**
 * Follows every planned event from the sender's journal to its effect. The expectation comes from the plan and the journal,
 * what took place from the ledger's effects and dead letters; never from dedup marks or the queue's own word.
 */
export function audit(input: AuditInput): Audited {
  return new Auditor(input).audited()
}

class Auditor {
  readonly #input: AuditInput
  readonly #state: Uint8Array
  readonly #sentMs: Float64Array
  readonly #acceptedMs: Float64Array
  /** When the sender last learned how an attempt of each event ended. */
  readonly #doneMs: Float64Array
  readonly #counts = { applied: 0, buried: 0, refused: 0, unsent: 0, unknown: 0, lost: 0, altered: 0, unfollowed: 0 }
  readonly #alteredFields = Object.fromEntries(FIELDS.map((field) => [field, 0])) as Record<Field, number>
  #unexpected = 0
  #duplicateEffects = 0
  #reordered = 0
  #misjudged = 0
  #appliedAfterRefusal = 0
  #found = 0
  #neverFound = 0

  constructor(input: AuditInput) {
    const { planned } = input
    this.#input = input
    this.#state = new Uint8Array(planned)
    this.#sentMs = new Float64Array(planned).fill(Number.POSITIVE_INFINITY)
    this.#acceptedMs = new Float64Array(planned).fill(Number.POSITIVE_INFINITY)
    this.#doneMs = new Float64Array(planned).fill(Number.NEGATIVE_INFINITY)
  }

  audited(): Audited {
    const { planned, duplicatesAbsorbed, differingCopies = 0 } = this.#input
    this.#readAttempts()
    for (const lane of this.#lanes()) this.#follow(lane)
    this.#readBuried()
    for (let seq = 0; seq < planned; seq++) this.#judge(seq)
    return {
      planned,
      ...this.#counts,
      alteredFields: this.#alteredFields,
      duplicateEffects: this.#duplicateEffects,
      duplicatesAbsorbed,
      differingCopies,
      reordered: this.#reordered,
      unexpected: this.#unexpected,
      misjudged: this.#misjudged,
      appliedAfterRefusal: this.#appliedAfterRefusal,
      found: this.#found,
      neverFound: this.#neverFound,
    }
  }

  #readAttempts(): void {
    const state = this.#state
    for (const { seq, outcome, cause, sentMs, doneMs } of this.#input.attempts) {
      if (seq >= this.#input.planned) {
        this.#note({ wrong: 'unexpected', seq })
        continue
      }
      if (cause === 'lost-by-sender') state[seq]! |= LISTED
      if (outcome === 'unsent') continue
      state[seq]! |= SENT
      if (outcome === 'unknown') state[seq]! |= UNKNOWN
      if (outcome === 'accepted') {
        state[seq]! |= ACCEPTED
        this.#acceptedMs[seq] = Math.min(this.#acceptedMs[seq]!, doneMs)
      }
      this.#sentMs[seq] = Math.min(this.#sentMs[seq]!, sentMs)
      // A request without an answer may have been read at any later time.
      const readMs = outcome === 'accepted' || outcome === 'refused' ? doneMs : Number.POSITIVE_INFINITY
      this.#doneMs[seq] = Math.max(this.#doneMs[seq]!, readMs)
    }
  }

  /**
   * The effects by the plan's keys, each key's in the order in which they took place. A ledger's list tells the order; where
   * effects of one key lie in several, for it was altered on the way, the time has to.
   */
  #lanes(): Iterable<readonly LaneStep[]> {
    const { planned, eventAt, effects } = this.#input
    const lanes = new Map<string, LaneStep[]>()
    for (const { seq, lane, atMs, receivedMs, content } of effects) {
      if (seq >= planned || !(this.#state[seq]! & KNOWN)) {
        this.#note({ wrong: 'unexpected', seq, effectMs: atMs })
        continue
      }
      this.#compare(seq, content, receivedMs, atMs)
      const { provider, key, digests } = eventAt(seq)
      // Some providers make several keys of one that the plan chose, by the event's type.
      const name = `${provider} ${key} ${digests.key}`
      const steps = lanes.get(name)
      if (steps) steps.push({ seq, lane, atMs })
      else lanes.set(name, [{ seq, lane, atMs }])
    }
    for (const lane of lanes.values()) {
      if (lane.some((effect) => effect.lane !== lane[0]!.lane)) {
        lane.sort((a, b) => a.atMs - b.atMs || this.#sentMs[a.seq]! - this.#sentMs[b.seq]!)
      }
    }
    return lanes.values()
  }

  #follow(lane: readonly LaneStep[]): void {
    const state = this.#state
    let latestSentMs = Number.NEGATIVE_INFINITY
    for (const { seq, atMs } of lane) {
      const bits = state[seq]!
      if (bits & APPLIED) this.#note({ wrong: 'doubled', seq, effectMs: atMs })
      // Something of this key that took effect before was sent only after this one had been accepted.
      else if (this.#acceptedMs[seq]! < latestSentMs && !this.#input.replayed?.has(seq)) {
        this.#note({ wrong: 'reordered', seq, effectMs: atMs })
      }
      state[seq]! |= APPLIED
      // Found by polling, it comes after whatever came by webhook meanwhile.
      if (!(bits & LISTED)) latestSentMs = Math.max(latestSentMs, this.#sentMs[seq]!)
    }
  }

  #readBuried(): void {
    const { planned, buried, startedAtEpochMs } = this.#input
    for (const { seq, id, receivedAtMs, content } of buried) {
      if (seq === undefined || seq >= planned || !(this.#state[seq]! & KNOWN)) {
        this.#note({ wrong: 'unexpected', seq, id })
        continue
      }
      this.#state[seq]! |= BURIED
      this.#compare(seq, content, receivedAtMs - startedAtEpochMs, Number.POSITIVE_INFINITY)
    }
  }

  /** `untilMs`: the event was received before, whatever its sender knows. */
  #compare(seq: number, content: EffectRecord['content'], receivedMs: number, untilMs: number): void {
    const { eventAt, clockOffMs, reconciled } = this.#input
    const { dueMs, digests } = eventAt(seq)
    // What a list shows is received when it is read.
    const readMs = reconciled ? Number.POSITIVE_INFINITY : this.#doneMs[seq]!
    const received = { ms: receivedMs, fromMs: dueMs, untilMs: Math.min(readMs, untilMs), clockOffMs }
    const fields = alteredIn(digests, content, received)
    if (fields.length === 0) return
    this.#state[seq]! |= ALTERED
    for (const field of fields) this.#alteredFields[field]++
    this.#note({ wrong: 'altered', seq, fields, ...(Number.isFinite(untilMs) && { effectMs: untilMs }) })
  }

  #judge(seq: number): void {
    const bits = this.#state[seq]!
    const settled = (bits & (APPLIED | BURIED)) !== 0
    const of = classOf(bits, this.#input.followed ?? true)
    this.#counts[of]++
    if (of === 'lost') this.#note({ wrong: 'lost', seq })
    if (bits & APPLIED && !(bits & (ACCEPTED | UNKNOWN | LISTED))) this.#appliedAfterRefusal++
    if (bits & LISTED && settled) this.#found++
    else if (bits & LISTED) this.#note({ wrong: 'never-found', seq })
    if (!settled) return
    const expected = this.#input.expected(seq)
    const both = (bits & APPLIED) !== 0 && (bits & BURIED) !== 0
    const otherwise = expected !== 'either' && (expected === 'buried') !== ((bits & BURIED) !== 0)
    if (both || otherwise) this.#note({ wrong: 'misjudged', seq })
  }

  #note(bad: Bad): void {
    const { wrong } = bad
    if (wrong === 'unexpected') this.#unexpected++
    else if (wrong === 'doubled') this.#duplicateEffects++
    else if (wrong === 'reordered') this.#reordered++
    else if (wrong === 'misjudged') this.#misjudged++
    else if (wrong === 'never-found') this.#neverFound++
    this.#input.onBad?.(bad)
  }
}

type Class = 'applied' | 'buried' | 'refused' | 'unsent' | 'unknown' | 'lost' | 'altered' | 'unfollowed'

function classOf(bits: number, followed: boolean): Class {
  if (bits & ALTERED) return 'altered'
  if (bits & APPLIED) return 'applied'
  if (bits & BURIED) return 'buried'
  if (bits & ACCEPTED) return followed ? 'lost' : 'unfollowed'
  if (bits & UNKNOWN) return 'unknown'
  return bits & SENT ? 'refused' : 'unsent'
}
