import { bytes } from '../../core/base/words.ts'
import type { Route } from '../../core/contracts/provider.ts'

/** An event has its id, key and headers beside its body. */
export const AROUND_BODY_BYTES = 64 * 1024

type Sized = Pick<Route, 'path' | 'source' | 'provider' | 'bodyBytesMax'>

/**
 * A line for each route whose provider says that it sends longer bodies than are taken: some never send one again.
 * `queueBytesMax`: the longest event that the queue takes.
 */
export function sizeNotices(routes: readonly Sized[], bodyBytesMax: number, queueBytesMax: number): string[] {
  return routes.flatMap(({ path, source, provider, bodyBytesMax: own = bodyBytesMax }) => {
    const [most, taken] = [provider.bodyBytesMax ?? 0, Math.min(own, bodyBytesMax)]
    if (most <= taken) return []
    const again = provider.delivery.attemptsMax === 1 ? ', and is not sent again' : ''
    const what = `route ${path} (${source}): it sends up to ${bytes(most)}; what is above ${bytes(taken)} gets 413${again}`
    const fits = queueBytesMax - AROUND_BODY_BYTES >= most
    const todo = fits
      ? `set limits.bodyBytesMax to ${most}`
      : `this queue takes ${bytes(queueBytesMax)}: choose another`
    return [`${what}: ${todo}, or accept that`]
  })
}
