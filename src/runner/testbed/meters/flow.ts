import type { FlowReading } from '../../records/meter-reading.ts'

/** Counts calls of one kind, how long they take, and how many are in hand. */
export class Flow {
  #calls = 0
  #items = 0
  #tookMs = 0
  #inHand = 0
  #inHandMs = 0
  #atMs: number
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
    this.#atMs = now()
  }

  /** Gives the moment, for `end`. */
  begin(): number {
    const nowMs = this.#pass()
    this.#inHand++
    return nowMs
  }

  end(beganMs: number, items: number): void {
    const nowMs = this.#pass()
    this.#inHand--
    this.#calls++
    this.#items += items
    this.#tookMs += nowMs - beganMs
  }

  /** `items`: what the call carries. One that fails counts as well. */
  async around<T>(items: number, work: () => Promise<T>): Promise<T> {
    const beganMs = this.begin()
    try {
      return await work()
    } finally {
      this.end(beganMs, items)
    }
  }

  read(): FlowReading {
    this.#pass()
    return { calls: this.#calls, items: this.#items, tookMs: this.#tookMs, inHandMs: this.#inHandMs }
  }

  #pass(): number {
    const nowMs = this.#now()
    this.#inHandMs += this.#inHand * (nowMs - this.#atMs)
    this.#atMs = nowMs
    return nowMs
  }
}
