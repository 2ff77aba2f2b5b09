import { SEQUENCE_HEADER } from '../base/headers.ts'
import { putLatest } from '../base/kit/put-latest.ts'
import type { WebhookEvent } from '../contracts/event.ts'

/** `expected` to `got` - 1 of a key have not come yet. */
export interface Gap {
  readonly source: string
  readonly key: string
  readonly expected: number
  readonly got: number
}

/** One that was missing and came after all. */
export interface Filled {
  readonly source: string
  readonly key: string
  readonly sequence: number
}

export interface GapOptions {
  /** Told once of each gap. A gap says where to look, not that something is lost. */
  readonly onGap: (gap: Gap) => void
  readonly onFilled?: (filled: Filled) => void
  /** The number of an event, counted by one within its source and key; undefined: it has none. Default: as its provider read it. */
  readonly sequenceOf?: (event: WebhookEvent) => number | undefined
  /** Keys kept in mind; the one that was quiet for longest is forgotten, and its next event is taken as it comes. */
  readonly keysMax?: number
}

const KEYS_MAX = 100_000
/** A key has so many missing stretches kept; an older one can no longer be filled. */
const STRETCHES_MAX = 16

interface Numbered {
  next: number
  /** From, until (exclusive); ascending. */
  missing: [from: number, until: number][]
}

/**
 * Finds numbers that a sender gave out and that never came. Knows what it has seen in this process since its start: where a
 * queue keeps no order, or a key comes back from another process, what looks like a gap may be none.
 */
export class Gaps {
  found = 0
  filled = 0
  /** The one that was quiet for longest first. */
  readonly #keys = new Map<string, Numbered>()
  readonly #options: GapOptions

  constructor(options: GapOptions) {
    this.#options = options
  }

  /** `isNew` false: it was settled before, so where its key stands may be known elsewhere only. */
  see(event: WebhookEvent, isNew: boolean): void {
    const { sequenceOf = sequenceIn, keysMax = KEYS_MAX } = this.#options
    const sequence = sequenceOf(event)
    if (sequence === undefined || !Number.isSafeInteger(sequence)) return
    const id = `${event.source}\0${event.key}`
    const known = this.#keys.get(id)
    if (!known && !isNew) return
    putLatest(this.#keys, id, known ?? { next: sequence + 1, missing: [] }, keysMax)
    if (known) this.#follow(known, event, sequence, isNew)
  }

  #follow(known: Numbered, { source, key }: WebhookEvent, sequence: number, isNew: boolean): void {
    const expected = known.next
    if (sequence < expected) {
      if (!take(known.missing, sequence)) return
      this.filled++
      return tell(() => this.#options.onFilled?.({ source, key, sequence }))
    }
    known.next = sequence + 1
    // What was settled before came to another process, and so may have those between.
    if (sequence === expected || !isNew) return
    known.missing.push([expected, sequence])
    if (known.missing.length > STRETCHES_MAX) known.missing.shift()
    this.found++
    tell(() => this.#options.onGap({ source, key, expected, got: sequence }))
  }
}

/** Takes a number out of the stretches; false where it is in none. */
function take(missing: [number, number][], sequence: number): boolean {
  const at = missing.findIndex(([from, until]) => from <= sequence && sequence < until)
  if (at === -1) return false
  const [from, until] = missing[at]!
  const left: [number, number][] = []
  if (from < sequence) left.push([from, sequence])
  if (sequence + 1 < until) left.push([sequence + 1, until])
  missing.splice(at, 1, ...left)
  return true
}

function sequenceIn({ headers }: WebhookEvent): number | undefined {
  const text = headers[SEQUENCE_HEADER]
  return text === undefined ? undefined : Number(text)
}

/** A listener that throws must not hold up the event. */
function tell(report: () => void): void {
  try {
    report()
  } catch {
    // It is counted all the same.
  }
}
