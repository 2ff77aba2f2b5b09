import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { BodyReference, FetchBody } from '../../core/processing/claim-check.ts'
import { claimOf } from '../plan/event-content.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** What a fetch from the provider's store comes to by the plan, without fetching. */
export function simulatedStore(seed: number, scenario: Pick<Scenario, 'claimCheck'>): FetchBody {
  const refused = new Set<number>()
  return async (reference) => {
    const { url } = reference as BodyReference
    const seq = Number(url.split('/').at(-1))
    const claim = claimOf(seed, seq, scenario)
    if (!claim || claim.altered)
      throw new FloodmarkError('rejected', 'simulated: the content is not what was announced')
    if (!claim.unavailableOnce || refused.has(seq)) return new Uint8Array()
    refused.add(seq)
    throw new FloodmarkError('unavailable', 'simulated: the store is not available')
  }
}
