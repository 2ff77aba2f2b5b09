import { type Clock, sleep } from '../contracts/clock.ts'

/** So many may work at once; others wait in the order in which they came. */
export class Slots {
  readonly #clock: Clock
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number, clock: Clock) {
    this.#free = count
    this.#clock = clock
  }

  /** True once there is room, which is then taken until leave(). False: there was none within `ms`. */
  async enter(ms: number): Promise<boolean> {
    if (this.#free > 0) {
      this.#free--
      return true
    }
    const over = new AbortController()
    let isIn = false
    const begin = () => {
      isIn = true
      over.abort()
    }
    this.#waiting.push(begin)
    await sleep(this.#clock, Math.max(0, ms), over.signal)
    if (!isIn) this.#waiting.splice(this.#waiting.indexOf(begin), 1)
    return isIn
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
  }
}
