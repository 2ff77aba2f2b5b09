import { within } from '../base/within.ts'
import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { WebhookEvent } from '../contracts/event.ts'
import type { Effects, Ledger } from '../contracts/ledger.ts'

/** A sender waits for its answer meanwhile: a ledger is waited for no longer, ms. */
const ANSWER_MS = 1_000
/** One that did not answer is left alone for so long, ms. */
const REST_MS = 1_000

/**
 * Asks a ledger whether events took effect, or were given up: by each effect that is for them. Where the ledger does not answer
 * it rejects, and for a while says no: nobody knows of any.
 */
export function knownTo(ledger: Required<Pick<Ledger, 'lookup'>>, effects: Effects, clock: Clock) {
  const idsOf = typeof effects === 'function' ? ({ id }: WebhookEvent) => [id] : namedIdsOf(effects)
  let restUntilMs = Number.NEGATIVE_INFINITY
  return async (events: readonly WebhookEvent[]): Promise<boolean> => {
    if (clock.monotonic() < restUntilMs) return false
    const late = () => new FloodmarkError('timeout', `the ledger has not answered within ${ANSWER_MS} ms`)
    try {
      const fates = await within(ANSWER_MS, clock, ledger.lookup(events.flatMap(idsOf)), late)
      return fates.every(({ state }) => state === 'applied' || state === 'buried')
    } catch (error) {
      restUntilMs = clock.monotonic() + REST_MS
      throw error
    }
  }
}

/** The ids under which a ledger has an event that several effects may be for. One that nobody is for is settled under its own. */
function namedIdsOf(effects: Exclude<Effects, (...args: never[]) => unknown>) {
  const all = Object.entries(effects)
  return (event: WebhookEvent): string[] => {
    const names = all.flatMap(([name, { limits }]) => (limits?.isFor?.(event) === false ? [] : [name]))
    return names.length === 0 ? [event.id] : names.map((name) => (name === '' ? event.id : `${event.id}#${name}`))
  }
}
