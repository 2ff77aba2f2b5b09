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
    const timer = setTimeout(fn, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

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

/** A clock that stands still until told to advance; timers fire in time order, ties in the order they were set. */
export class VirtualClock implements Clock {
  #nowMs: number
  #order = 0
  readonly #startMs: number
  readonly #timers = new Set<{ atMs: number; order: number; fn: () => void }>()

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs
    this.#startMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs - this.#startMs
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, fn }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** When the next timer is due, ms from now; undefined with none set. */
  nextInMs(): number | undefined {
    const next = this.#next()
    return next && next.atMs - this.#nowMs
  }

  /** Moves time on by `ms`, firing what falls due and letting promises settle between timers. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      await settlePromises()
      const next = this.#next()
      if (!next || next.atMs > untilMs) break
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.fn()
    }
    this.#nowMs = untilMs
    await settlePromises()
  }

  #next() {
    let first: { atMs: number; order: number; fn: () => void } | undefined
    for (const timer of this.#timers) {
      if (!first || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order)) first = timer
    }
    return first
  }
}

/** One turn of the event loop: every promise that can settle without I/O or timers has. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
