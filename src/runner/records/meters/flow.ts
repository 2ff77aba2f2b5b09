import type { FlowReading } from './meter-reading.ts'

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

  /** So many begin. Gives the moment, for the `end` of each. */
  begin(count = 1): number {
    const nowMs = this.#pass()
    this.#inHand += count
    return nowMs
  }

  /** `calls`: 0 for one of many that began in one call, and whose call goes on. */
  end(beganMs: number, items: number, calls: 0 | 1 = 1): void {
    const nowMs = this.#pass()
    this.#inHand--
    this.#calls += calls
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
