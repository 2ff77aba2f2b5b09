import { memoryBytesMax } from '../base/memory.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import { EVENT_LIMITS } from '../contracts/event.ts'
import type { Route } from '../contracts/provider.ts'
import type { QueueTraits } from '../contracts/queue.ts'
import { LONG_SHARE } from '../receiving/gate.ts'
import type { ServiceLimits } from './limits.ts'

/**
 * Limits of one body along its way must not contradict each other: what the door takes in must fit behind it. `given`: those
 * that are not defaults. @throws FloodmarkError 'misuse' that names both, and what to set.
 */
export function checkSizes(
  limits: ServiceLimits,
  given: Partial<ServiceLimits> = {},
  routes: readonly Pick<Route, 'path' | 'source' | 'provider' | 'bodyBytesMax'>[],
  queue: Pick<QueueTraits, 'publishBytesMax'>,
): void {
  const { bodyBytesMax, heldBytesMax, waitingBytesMax } = limits
  const wrong = (what: string, todo: string) => new FloodmarkError('misuse', `${what}: ${todo}`)
  const door = `bodyBytesMax is ${bodyBytesMax}`
  if (bodyBytesMax > EVENT_LIMITS.bodyBytesMax) {
    const larger = routes.find(({ provider }) => (provider.bodyBytesMax ?? 0) > EVENT_LIMITS.bodyBytesMax)
    const why = larger ? `, although ${larger.source} sends up to ${larger.provider.bodyBytesMax}` : ''
    throw wrong(`${door}, and an event takes ${EVENT_LIMITS.bodyBytesMax} at most`, `set it to that or less${why}`)
  }
  // The default may be above what a queue takes: such a body is refused when it comes, and told.
  if (given.bodyBytesMax !== undefined && bodyBytesMax > queue.publishBytesMax) {
    throw wrong(
      `${door}, and the queue takes ${queue.publishBytesMax} at most`,
      'set it below that, or choose another queue (docs/traits.md has what each takes)',
    )
  }
  if (bodyBytesMax > waitingBytesMax) {
    throw wrong(`${door}, and waitingBytesMax is ${waitingBytesMax}`, 'make the latter twice the former at least')
  }
  if (bodyBytesMax > LONG_SHARE * heldBytesMax) {
    throw wrong(`${door}, and heldBytesMax is ${heldBytesMax}`, 'make the latter twice the former at least')
  }
  const memoryBytes = memoryBytesMax()
  if (heldBytesMax + waitingBytesMax > memoryBytes) {
    const both = `heldBytesMax and waitingBytesMax are ${heldBytesMax + waitingBytesMax} together`
    throw wrong(`${both}, and this process may use ${memoryBytes}`, 'lower them, or give it more memory')
  }
  for (const { path, bodyBytesMax: own = 0 } of routes) {
    if (own > bodyBytesMax)
      throw wrong(`route ${path} takes ${own} bytes, and ${door}`, 'raise the latter, or lower that of the route')
  }
}
