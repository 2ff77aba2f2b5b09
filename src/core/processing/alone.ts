/**
 * Lets batches work side by side, or one event alone: an event is tried alone when everything else that was begun is settled,
 * and nothing else is begun meanwhile. Those that wait to be alone go before batches.
 */
export class Alone {
  #batches = 0
  #isAlone = false
  readonly #wantAlone: (() => void)[] = []
  #waiting: (() => void)[] = []

  /** A batch begins: at once, or when what this gives has resolved. Each must leave(). */
  enter(): Promise<void> | undefined {
    if (!this.#isAlone && this.#wantAlone.length === 0) {
      this.#batches++
      return undefined
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Somebody waits to be alone: what need not be begun now should not be. */
  get isWanted(): boolean {
    return this.#wantAlone.length > 0
  }

  leave(): void {
    this.#batches--
    this.#next()
  }

  async run(work: () => Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wantAlone.push(resolve)
      this.#next()
    })
    try {
      await work()
    } finally {
      this.#isAlone = false
      this.#next()
    }
  }

  #next(): void {
    if (this.#isAlone) return
    if (this.#wantAlone.length === 0) {
      this.#batches += this.#waiting.length
      for (const begin of this.#waiting.splice(0)) begin()
    } else if (this.#batches === 0) {
      this.#isAlone = true
      this.#wantAlone.shift()!()
    }
  }
}
