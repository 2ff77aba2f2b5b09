import { within } from '../base/within.ts'
import { type Clock, sleep } from '../contracts/clock.ts'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'

/** A check that takes longer than this, ms, has failed. */
const CHECK_MS = 5_000

/** A part of the service without which an event could not be stored, or not processed. */
export interface ServicePart {
  /** A word for the answer to whoever asks, and for the log. */
  readonly name: string
  /** Rejects with what is wrong. */
  check(): Promise<void>
}

export interface ReadinessOptions {
  readonly parts: readonly ServicePart[]
  readonly clock: Clock
  /** The parts are looked at this often, ms, however often somebody asks. */
  readonly everyMs: number
  /** Told when a part begins to fail, and what is wrong with it. Must not throw. */
  readonly onError: (error: unknown) => void
}

/** Whether an event could be stored and processed now, by checks in the background. */
export class Readiness {
  readonly #options: ReadinessOptions
  #failing: readonly string[] = []
  #isLeaving = false

  constructor(options: ReadinessOptions) {
    this.#options = options
  }

  /** Resolves when the parts were fine at the last look. @throws FloodmarkError 'unavailable' that names those that were not. */
  readonly ready = async (): Promise<void> => {
    if (this.#isLeaving) throw new FloodmarkError('unavailable', 'not ready: stopping')
    if (this.#failing.length === 0) return
    throw new FloodmarkError('unavailable', `not ready: ${this.#failing.join(', ')}`)
  }

  /** Not ready from now on, whatever works. */
  leave(): void {
    this.#isLeaving = true
  }

  /** Looks now, then every so often until the signal aborts. Resolves after the first look. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#look()
    void this.#goOn(signal)
  }

  async #goOn(signal: AbortSignal): Promise<void> {
    const { clock, everyMs } = this.#options
    for (;;) {
      await sleep(clock, everyMs, signal)
      if (signal.aborted) return
      await this.#look()
    }
  }

  async #look(): Promise<void> {
    const found = await Promise.all(this.#options.parts.map((part) => this.#check(part)))
    this.#failing = found.flatMap((name) => name ?? [])
  }

  /** The part's name where it fails. */
  async #check(part: ServicePart): Promise<string | undefined> {
    const { clock, onError } = this.#options
    const late = () => new FloodmarkError('timeout', `it did not answer within ${CHECK_MS} ms`)
    try {
      await within(CHECK_MS, clock, part.check(), late)
      return undefined
    } catch (cause) {
      if (!this.#failing.includes(part.name)) {
        onError(new FloodmarkError('unavailable', `not ready: ${part.name}: ${messageOf(cause)}`, { cause }))
      }
      return part.name
    }
  }
}
