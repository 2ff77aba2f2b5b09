import type { Handled } from '../../src/core/contracts/ledger.ts'

/** A mark in memory. */
interface MemoryMark {
  /** Unix ms. */
  readonly endsMs: number
  /** The digest of the settled event's body (base/copy-digest.ts). */
  readonly digest: number | undefined
  readonly handled?: Handled | undefined
}

/** Marks in memory. Of those that are kept equally long the oldest ends first. */
export class Marks {
  /** Marks by the time for which they are kept, ms. Each kind of sender has one such time. */
  readonly #byLife = new Map<number, Map<string, MemoryMark>>()

  get(id: string): MemoryMark | undefined {
    for (const marks of this.#byLife.values()) {
      const mark = marks.get(id)
      if (mark !== undefined) return mark
    }
    return undefined
  }

  set(id: string, nowMs: number, lifeMs: number, what: Omit<MemoryMark, 'endsMs'>): void {
    for (const marks of this.#byLife.values()) marks.delete(id)
    let marks = this.#byLife.get(lifeMs)
    if (!marks) {
      marks = new Map()
      this.#byLife.set(lifeMs, marks)
    }
    marks.set(id, { ...what, endsMs: nowMs + lifeMs })
  }

  /** Removes marks that ended before, at most `most`. Looks at the oldest of each length only. */
  sweep(beforeMs: number, most: number): void {
    let left = most
    for (const marks of this.#byLife.values()) {
      for (const [id, { endsMs }] of marks) {
        if (endsMs > beforeMs) break
        if (left-- === 0) return
        marks.delete(id)
      }
    }
  }
}
