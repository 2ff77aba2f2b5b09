import { FloodmarkError } from '../contracts/errors.ts'
import { EVENT_LIMITS } from '../contracts/event.ts'
import type { Effects, EventFate, Ledger } from '../contracts/ledger.ts'

/** So many events are looked up at once. */
export const LOOK_UP_MAX = 100

/** What became of an event: one fate, or one for each handler that the event may be for. */
export interface EventAnswer {
  readonly id: string
  readonly fates: readonly (EventFate & { readonly handler?: string })[]
}

/**
 * What became of events, by each of several effects where there are such. Ids are as in a log line: `stripe:evt_1`. A handler that has not seen an
 * event is 'unknown': it is not for it, or the event still waits in the queue.
 * @throws FloodmarkError 'misuse' for none, for too many, for one that no event can have, and where the ledger cannot be asked.
 */
export async function lookUp(
  ledger: Pick<Ledger, 'lookup'>,
  effects: Effects,
  ids: readonly string[],
): Promise<readonly EventAnswer[]> {
  if (!ledger.lookup) throw new FloodmarkError('misuse', 'this ledger cannot be asked: it has no lookup')
  checkIds(ids)
  const names = typeof effects === 'function' ? [] : Object.keys(effects).filter((name) => name !== '')
  const asked = ids.flatMap((id) => [id, ...names.map((name) => `${id}#${name}`)])
  const all = await ledger.lookup(asked)
  const width = 1 + names.length
  return ids.map((id, at) => {
    const [own, ...rest] = all.slice(at * width, (at + 1) * width) as [EventFate, ...EventFate[]]
    const named = rest.map((fate, place) => ({ handler: names[place]!, ...fate }))
    // Under its own id it is known where nobody was for it, and where there was one effect when it came.
    if (own.state === 'unknown') return { id, fates: named.length === 0 ? [own] : named }
    return { id, fates: [own, ...named.filter(({ state }) => state !== 'unknown')] }
  })
}

/** @throws FloodmarkError 'misuse' as lookUp. */
export function checkIds(ids: readonly string[]): void {
  if (ids.length === 0 || ids.length > LOOK_UP_MAX) {
    throw new FloodmarkError(
      'misuse',
      `${ids.length} ids: give 1 to ${LOOK_UP_MAX}, as ?id=stripe:evt_1&id=stripe:evt_2`,
    )
  }
  const wrong = ids.find((id) => !/^[^:]+:./s.test(id) || Buffer.byteLength(id) > EVENT_LIMITS.storedIdBytesMax)
  if (wrong !== undefined) {
    const what = `'${wrong.slice(0, 40)}' is no event's id`
    throw new FloodmarkError('misuse', `${what}: give the source, a colon and the sender's own id, stripe:evt_1`)
  }
}
