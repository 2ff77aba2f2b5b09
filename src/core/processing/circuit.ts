import type { Clock } from '../contracts/clock.ts'

export interface CircuitLimits {
  /** Opens when at least this share of the window's outcomes are failures. Infinity: never. */
  readonly share: number
  /** With fewer outcomes in the window it opens when so many different events have failed one after the other, however long that took. */
  readonly outcomesMin: number
  readonly failedInARowMax: number
  /** The window: the last so many outcomes, none older than windowMs. */
  readonly outcomesMax: number
  readonly windowMs: number
  /** Time until the first probes, ms; doubled each time that it opens again before a whole window has passed closed. */
  readonly openMs: number
  readonly openMsMax: number
  /** Tries that are let through to see whether it works again. One success closes, so many failures open. */
  readonly probesMax: number
  /** So many rounds of failed probes in a row cost their events no attempt: some 8 minutes with the defaults. */
  readonly freeRoundsMax: number
}

/** While probes are under way, other tries ask again after so many ms. */
const PROBING_MS = 100

/**
 * Tells an outage of what effects depend on from events that fail by themselves. Few of the latter never open it: only first
 * tries count as failures, so that one event which fails however often is one outcome. Not for several threads; no timers.
 */
export class Circuit {
  /** Times that it went from closed to open. */
  opened = 0
  #state: 'closed' | 'open' | 'half-open' = 'closed'
  /** Raised with each change of state: a try that began in an older one says nothing about this one. */
  #pass = 1
  #untilMs = 0
  #closedAtMs = Number.NEGATIVE_INFINITY
  /** Times in a row that it opened. */
  #rounds = 0
  #probesLeft = 0
  #probesFailed = 0
  /** Rings, the next outcome at `#outcomes % outcomesMax`. */
  readonly #failed: Uint8Array
  readonly #atMs: Float64Array
  #outcomes = 0
  #failedInARow = 0
  readonly #limits: CircuitLimits
  readonly #clock: Clock

  constructor(limits: CircuitLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#failed = new Uint8Array(limits.outcomesMax)
    this.#atMs = new Float64Array(limits.outcomesMax)
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** How long nothing may be tried, ms; 0: something may. */
  holdMs(): number {
    if (this.#state === 'closed') return 0
    if (this.#state === 'open') {
      const leftMs = this.#untilMs - this.#clock.monotonic()
      if (leftMs > 0) return leftMs
      this.#change('half-open')
      this.#probesLeft = this.#limits.probesMax
      this.#probesFailed = 0
    }
    return this.#probesLeft > 0 ? 0 : PROBING_MS
  }

  /** Begins a try: the pass that its end is told with; undefined: not now, see holdMs. */
  enter(): number | undefined {
    if (this.#state === 'closed') return this.#pass
    if (this.holdMs() > 0) return undefined
    this.#probesLeft--
    return this.#pass
  }

  succeeded(pass: number): void {
    if (pass !== this.#pass) return
    if (this.#state === 'closed') return this.#note(0)
    this.#change('closed')
    this.#closedAtMs = this.#clock.monotonic()
    this.#outcomes = 0
    this.#failedInARow = 0
  }

  /** A failure that another try may mend. False: it is the outage's, and shall cost the event no attempt. */
  failed(pass: number, isFirstTry: boolean): boolean {
    if (pass !== this.#pass) return false
    if (this.#state === 'closed') {
      if (!isFirstTry) return true
      this.#note(1)
      if (!this.#isOutage()) return true
      this.opened++
      const calmMs = this.#clock.monotonic() - this.#closedAtMs
      this.#rounds = calmMs > this.#limits.windowMs ? 0 : this.#rounds + 1
      this.#open()
      return false
    }
    // Without this, a single event that always fails, on a queue with nothing else, would be retried for ever for free.
    const isFree = this.#rounds < this.#limits.freeRoundsMax
    if (++this.#probesFailed === this.#limits.probesMax) {
      this.#rounds++
      this.#open()
    }
    return !isFree
  }

  /** The try ended in a way that says nothing of what it depends on. */
  left(pass: number): void {
    if (pass === this.#pass && this.#state === 'half-open') this.#probesLeft++
  }

  #open(): void {
    this.#change('open')
    const { openMs, openMsMax } = this.#limits
    this.#untilMs = this.#clock.monotonic() + Math.min(openMsMax, openMs * 2 ** this.#rounds)
  }

  #change(state: 'closed' | 'open' | 'half-open'): void {
    this.#state = state
    this.#pass++
  }

  #note(failed: 0 | 1): void {
    const slot = this.#outcomes++ % this.#limits.outcomesMax
    this.#failed[slot] = failed
    this.#failedInARow = failed ? this.#failedInARow + 1 : 0
    this.#atMs[slot] = this.#clock.monotonic()
  }

  #isOutage(): boolean {
    const { share, outcomesMin, failedInARowMax, outcomesMax, windowMs } = this.#limits
    const sinceMs = this.#clock.monotonic() - windowMs
    let recent = 0
    let failed = 0
    for (let slot = Math.min(this.#outcomes, outcomesMax) - 1; slot >= 0; slot--) {
      if (this.#atMs[slot]! < sinceMs) continue
      recent++
      failed += this.#failed[slot]!
    }
    if (recent < outcomesMin) return this.#failedInARow >= failedInARowMax
    return failed >= share * recent
  }
}
