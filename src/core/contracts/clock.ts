import { Heap } from './heap.ts'

/** Everything that waits takes one of these, so that tests and simulations own the time. */
export interface Clock {
  /** Wall time, ms since the Unix epoch (may have a fraction). May jump. */
  now(): number
  /** Monotonic time, ms from an arbitrary start (has a fraction). Never goes back. */
  monotonic(): number
  /** Calls `fn` once, `ms` from now (0 or more). Returns what cancels it. Never keeps a process alive by itself. */
  after(ms: number, fn: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    let timer: NodeJS.Timeout
    // A longer timer of Node's would fire after 1 ms.
    const wait = (leftMs: number) => {
      const rest = leftMs - TIMER_MS_MAX
      timer = setTimeout(rest > 0 ? () => wait(rest) : fn, Math.min(leftMs, TIMER_MS_MAX))
      timer.unref()
    }
    wait(ms)
    return () => clearTimeout(timer)
  },
}

/** The longest that a timer of Node can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** Resolves after `ms` by `clock`, or at once when the signal aborts (it never rejects). */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    signal?.addEventListener('abort', done, { once: true })
  })
}

interface Timer {
  readonly atMs: number
  readonly fn: () => void
  cancelled: boolean
}

/** A clock that stands still until told to advance; timers fire in time order, ties in the order they were set. */
export class VirtualClock implements Clock {
  #nowMs: number
  readonly #startMs: number
  readonly #settle: () => Promise<void>
  readonly #timers = new Heap<Timer>((a, b) => a.atMs < b.atMs)

  /** `settle` lets promises settle between timers: by a turn of the event loop, or where nothing does I/O without one. */
  constructor(startMs = 1_700_000_000_000, settle = turnOfTheLoop) {
    this.#nowMs = startMs
    this.#startMs = startMs
    this.#settle = settle
  }

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs - this.#startMs
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), fn, cancelled: false }
    this.#timers.push(timer)
    return () => {
      timer.cancelled = true
    }
  }

  /** When the next timer is due, ms from now; undefined with none set. */
  nextInMs(): number | undefined {
    const next = this.#next()
    return next && next.atMs - this.#nowMs
  }

  /** Moves time on by `ms`: fires the timers that fall due and lets promises settle between them. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      await this.#settle()
      const next = this.#next()
      if (!next || next.atMs > untilMs) break
      this.#timers.pop()
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.fn()
    }
    this.#nowMs = untilMs
    await this.#settle()
  }

  #next(): Timer | undefined {
    while (this.#timers.peek()?.cancelled) this.#timers.pop()
    return this.#timers.peek()
  }
}

/** One turn of the event loop: every promise that can settle without I/O or timers has. */
function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Until every promise that can settle without the event loop has: much cheaper than a turn, and blind to setImmediate. */
export function settledPromises(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}
