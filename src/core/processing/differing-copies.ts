import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { WebhookEvent } from '../contracts/event.ts'
import type { Ledger } from '../contracts/ledger.ts'

/** A source has one copy told and kept in so many ms at the most. All are counted. */
const QUIET_MS = 10_000

export interface DifferingCopiesOptions {
  readonly ledger: Pick<Ledger, 'keepCopy'>
  readonly clock: Clock
  /** Must not throw. */
  readonly onError: (error: unknown) => void
}

/** Copies whose body is not that of the event under their id: a mistake of the sender's, or of something on the way. */
export class DifferingCopies {
  /** How many there were. */
  found = 0
  readonly #options: DifferingCopiesOptions
  /** When a copy of each source was last told, by the monotonic clock. */
  readonly #toldMs = new Map<string, number>()

  constructor(options: DifferingCopiesOptions) {
    this.#options = options
  }

  /** It was absorbed. */
  add(event: WebhookEvent): void {
    const { ledger, clock, onError } = this.#options
    this.found++
    const nowMs = clock.monotonic()
    if (nowMs - (this.#toldMs.get(event.source) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return
    this.#toldMs.set(event.source, nowMs)
    const what = `${event.id} came again with another body: it was not applied, the first one holds`
    const soFar = `${this.found} such copies since the start`
    onError(new FloodmarkError('other-body', `${what} (${soFar}). See it with: npm run dlq -- copies`))
    ledger.keepCopy(event).catch(onError)
  }
}
