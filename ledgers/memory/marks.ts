/** Marks in memory: when each ends, in Unix ms. Of those that are kept equally long the oldest ends first. */
export class Marks {
  /** By how long they are kept, ms: as many as there are kinds of senders. */
  readonly #byLife = new Map<number, Map<string, number>>()

  get(id: string): number | undefined {
    for (const marks of this.#byLife.values()) {
      const endsMs = marks.get(id)
      if (endsMs !== undefined) return endsMs
    }
    return undefined
  }

  set(id: string, nowMs: number, lifeMs: number): void {
    for (const marks of this.#byLife.values()) marks.delete(id)
    let marks = this.#byLife.get(lifeMs)
    if (!marks) {
      marks = new Map()
      this.#byLife.set(lifeMs, marks)
    }
    marks.set(id, nowMs + lifeMs)
  }

  /** Removes marks that ended before, at most `most`. Looks at the oldest of each length only. */
  sweep(beforeMs: number, most: number): void {
    let left = most
    for (const marks of this.#byLife.values()) {
      for (const [id, endsMs] of marks) {
        if (endsMs > beforeMs) break
        if (left-- === 0) return
        marks.delete(id)
      }
    }
  }
}
